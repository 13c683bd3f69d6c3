"""Only what is ready can be asked; samples show each label once."""

import pytest

from portal.queries import predict
from tests.portal import factories

pytestmark = pytest.mark.django_db


def test_an_endpoint_without_an_address_cannot_be_asked_and_only_ready_deployments_answer(workspace):
    endpoint = factories.endpoint(workspace)
    factories.endpoint(workspace, "coming", "creating", scoring_uri="")
    factories.deployment(endpoint, "blue", 20)
    factories.deployment(endpoint, "green", 80)
    factories.deployment(endpoint, "red", 0, "failed")
    (found,) = predict.list_askable()
    assert [one.name for one in predict.ready(found)] == ["green", "blue"]


def test_samples_come_from_the_version_with_most_traffic_each_label_once(workspace, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    busy, idle = factories.version(workspace), factories.version(workspace, number="2")
    for label in ("7", "3", "7"):
        factories.sample(busy, label)
    factories.sample(idle, "9")
    endpoint = factories.endpoint(workspace)
    factories.deployment(endpoint, "idle", 0, model_version=idle)
    factories.deployment(endpoint, "busy", 100, model_version=busy)
    found = predict.list_samples(predict.list_askable().get())
    assert sorted(sample.label for sample in found) == ["3", "7"]


def test_an_endpoint_from_elsewhere_has_no_samples(workspace):
    factories.deployment(factories.endpoint(workspace))
    assert predict.list_samples(predict.list_askable().get()) == []
