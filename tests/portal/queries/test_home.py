"""The figures of Home count what is there now, in the chosen workspaces only."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ops.models import Run
from portal.queries import home
from scoring.models import Prediction
from tests.portal import factories

pytestmark = pytest.mark.django_db


def test_without_a_workspace_all_is_nought(workspace, django_assert_num_queries):
    factories.run(workspace)
    with django_assert_num_queries(0):
        assert home.count([]) == home.Figures(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def test_figures_count_each_thing_once(workspace):
    for status in ("Running", "Completed", "Failed", "Failed"):
        factories.run(workspace, status)
    Run.objects.filter(pk=factories.run(workspace, "Failed").pk).update(
        created_at=timezone.now() - home.LOOK_BACK - timedelta(hours=1)
    )
    for number in ("1", "2"):
        factories.version(workspace, number=number)
    factories.version(workspace, number="new-x", state="registering")
    endpoint = factories.endpoint(workspace)
    for name in ("blue", "green"):
        factories.deployment(endpoint, name, 50)
    factories.endpoint(workspace, "idle")
    for code in ("", "", "scoring:timeout"):
        Prediction.objects.create(endpoint=endpoint, error_code=code)
    assert home.count([workspace]) == home.Figures(
        jobs=5,
        running=1,
        failed=2,
        completed=1,
        versions=2,
        models=1,
        endpoints=2,
        live=1,
        predictions=2,
        today=2,
    )
