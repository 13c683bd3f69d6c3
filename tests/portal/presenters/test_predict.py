"""What Predict shows beside the form."""

import pytest

from portal.presenters import predict
from portal.queries.predict import list_askable
from tests.portal import factories

pytestmark = pytest.mark.django_db


def test_the_command_names_the_address_and_keeps_the_key_out(workspace):
    endpoint = factories.endpoint(workspace, key_encrypted="secret")
    command = predict.curl(endpoint)
    assert endpoint.scoring_uri in command
    assert "$ENDPOINT_KEY" in command
    assert "secret" not in command


def test_a_page_offers_a_few_samples_only(workspace, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    version = factories.version(workspace)
    samples = [factories.sample(version, label) for label in "01234"]
    factories.deployment(factories.endpoint(workspace), model_version=version)
    page = predict.page(list_askable().get(), [], samples, 1000)
    assert page.samples == samples[: predict.SAMPLES]
