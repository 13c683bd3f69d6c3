import pytest

from ops.azure import errors


@pytest.mark.parametrize(
    "text",
    [
        "GET https://x.blob.core.windows.net/c/b?sv=2024&sig=hunter2%3D&se=2026 failed",
        "Authorization: Bearer hunter2hunter2.hunter2",
        "token eyJhbGciOiJIUzI1NiJ9.hunter2hunter2.hunter2 has expired",
        "AccountName=a;AccountKey=hunter2==;EndpointSuffix=x",
        "client secret: hunter2",
        "sig=hunter2",
    ],
)
def test_no_secret_survives_in_a_message(text):
    error = errors.AzureFailed("Failed", text)
    assert "hunter2" not in str(error)
    assert "hunter2" not in repr(error)
    assert "hunter2" not in error.message


def test_a_message_without_secrets_stays_as_it_is():
    sentence = "The VM size Standard_NC6 is not available in https://portal.azure.com/regions (code 17)."
    assert errors.without_secrets(sentence) == sentence


def test_a_long_message_is_cut():
    assert len(errors.AzureFailed("Failed", "x" * 10_000).message) == errors.LONGEST_MESSAGE


def test_the_request_id_is_in_the_text():
    assert str(errors.AzureDenied("Forbidden", "No.", "abc")) == "Forbidden: No. (request abc)"


@pytest.mark.parametrize(("kind", "is_retryable"), [(errors.AzureUnreachable, True), (errors.AzureRejected, False)])
def test_each_kind_knows_whether_trying_again_may_help(kind, is_retryable):
    assert kind("Code", "Text").retryable is is_retryable
