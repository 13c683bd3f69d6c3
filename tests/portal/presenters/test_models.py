"""A version's spec in a person's words, its number once it has one, its main metric first."""

import pytest

from portal.presenters import models
from tests.portal import factories

pytestmark = pytest.mark.django_db


def test_a_spec_is_told_in_words_and_what_it_does_not_say_is_left_out(workspace):
    version = factories.version(workspace)
    version.spec = {"width": 28, "height": 20, "color": "grayscale", "inverted": True, "labels": list(range(100))}
    facts = dict(models.spec_facts(version))
    assert facts["Picture"] == "28 × 20, grayscale"
    assert facts["Background"] == "dark, ink bright"
    assert facts["Answers"].endswith(str(models.LABELS_SHOWN - 1))
    assert "Values" not in facts
    version.spec = {}
    assert models.spec_facts(version) == []


def test_a_provisional_number_is_not_shown(workspace):
    assert models.row(factories.version(workspace, number="3")).is_numbered
    assert not models.row(factories.version(workspace, number="new-abc")).is_numbered


def test_the_main_metric_comes_first(workspace):
    version = factories.version(workspace)
    version.metrics = {"loss": 0.1, "val_accuracy": 0.9}
    assert [name for name, _value in models.page(version, may_write=False).metrics] == ["val_accuracy", "loss"]


def test_only_a_ready_version_may_be_deployed_and_only_by_one_who_may_write(workspace):
    ready, failed = factories.version(workspace), factories.version(workspace, number="2", state="failed")
    assert models.page(ready, may_write=True).may_deploy
    assert not models.page(ready, may_write=False).may_deploy
    assert not models.page(failed, may_write=True).may_deploy
