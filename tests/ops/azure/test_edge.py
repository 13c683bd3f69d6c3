from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError, ServiceResponseTimeoutError

from ops.azure import edge
from ops.azure.errors import (
    AzureConflict,
    AzureDenied,
    AzureError,
    AzureFailed,
    AzureNotFound,
    AzureRejected,
    AzureThrottled,
    AzureUnreachable,
)


@pytest.mark.parametrize(
    ("status", "kind", "is_retryable"),
    [
        (400, AzureRejected, False),
        (401, AzureDenied, False),
        (403, AzureDenied, False),
        (404, AzureNotFound, False),
        (408, AzureUnreachable, True),
        (409, AzureConflict, False),
        (410, AzureNotFound, False),
        (412, AzureConflict, False),
        (418, AzureRejected, False),
        (429, AzureThrottled, True),
        (500, AzureFailed, True),
        (503, AzureFailed, True),
    ],
)
def test_each_status_has_its_kind(status, kind, is_retryable):
    error = edge.from_answer(status, {"x-ms-request-id": "r1"}, '{"error": {"code": "Some", "message": "Words."}}')
    assert type(error) is kind
    assert (error.code, error.message, error.request_id) == ("Some", "Words.", "r1")
    assert error.retryable is is_retryable


def test_a_busy_storage_account_is_throttling():
    error = edge.from_answer(503, {"Retry-After": "3", "x-ms-error-code": "ServerBusy"}, "<Error/>")
    assert isinstance(error, AzureThrottled)
    assert (error.code, error.retry_after) == ("ServerBusy", 3)


def test_the_details_of_an_arm_error_are_kept():
    body = '{"error": {"code": "A", "message": "Bad.", "details": [{"code": "B", "message": "Cores: 4 of 2."}]}}'
    assert edge.from_answer(400, {}, body).message == "Bad. Cores: 4 of 2."


def test_a_storage_error_is_told_by_its_sentence():
    error = edge.from_answer(404, {"x-ms-error-code": "BlobNotFound"}, "<Error><Message>No blob.</Message></Error>")
    assert (error.code, error.message) == ("BlobNotFound", "No blob.")


@pytest.mark.parametrize(
    "body", ["", "<html>gateway</html>", "[]", '"text"', "null", '{"error": null}', '{"error": "x"}']
)
def test_any_body_makes_an_error(body):
    assert isinstance(edge.from_answer(502, {}, body), AzureFailed)


def test_retry_after_may_be_seconds_milliseconds_or_a_date():
    assert edge.retry_after({"Retry-After": "12"}) == 12
    assert edge.retry_after({"x-ms-retry-after-ms": "1500"}) == 1.5
    soon = edge.retry_after({"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)})
    assert 50 < soon <= 60
    assert edge.retry_after({"Retry-After": format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True)}) == 0
    assert edge.retry_after({"Retry-After": "later"}) is None
    assert edge.retry_after({}) is None


@pytest.mark.parametrize(
    ("foreign", "kind", "code"),
    [
        (ServiceRequestError("refused"), AzureUnreachable, "NoAnswer"),
        (ServiceResponseTimeoutError("slow"), AzureUnreachable, "TimedOut"),
        (requests.ConnectTimeout("slow"), AzureUnreachable, "TimedOut"),
        (requests.ConnectionError("reset"), AzureUnreachable, "NoAnswer"),
        (requests.exceptions.ChunkedEncodingError("cut"), AzureUnreachable, "NoAnswer"),
        (ClientAuthenticationError("AADSTS7000215: invalid client secret"), AzureDenied, "SignInFailed"),
        (requests.exceptions.InvalidURL("what"), AzureFailed, "UnreadableAnswer"),
    ],
)
def test_foreign_errors_are_translated_and_kept_as_the_cause(foreign, kind, code):
    with pytest.raises(kind) as caught, edge.translate():
        raise foreign
    assert caught.value.code == code
    assert caught.value.__cause__ is foreign


def test_what_the_sdk_wraps_is_looked_at_inside():
    def wrapped():
        try:
            raise ServiceRequestError("refused")
        except ServiceRequestError as exc:
            raise Exception("Upload failed") from exc

    with pytest.raises(AzureUnreachable), edge.translate():
        wrapped()


def test_a_mistake_of_ours_is_not_blamed_on_azure():
    with pytest.raises(KeyError), edge.translate():
        raise KeyError("ours")


def test_unreadable_answers_are_azures_failure():
    with pytest.raises(AzureFailed) as caught, edge.translate():
        requests.models.complexjson.loads("{")
    assert caught.value.retryable


def test_our_own_errors_pass_unchanged():
    mine = AzureNotFound("NotFound", "No.")
    with pytest.raises(AzureError) as caught, edge.translate():
        raise mine
    assert caught.value is mine
