"""Computes that are gone do not count; the last check is a registration or a test."""

import pytest
from django.utils import timezone

from ops.models import Compute, Operation
from portal.queries import workspaces
from tests.portal import factories

pytestmark = pytest.mark.django_db


def test_only_computes_that_exist_are_counted_and_listed(workspace):
    facts = {"workspace": workspace, "kind": "amlcompute", "seen_at": timezone.now()}
    Compute.objects.create(name="old", gone_at=timezone.now(), **facts)
    (found,) = workspaces.with_compute_count(workspaces.list_workspaces())
    assert found.compute_count == 1
    assert [compute.name for compute in workspaces.list_computes(workspace)] == ["cpu-cluster"]


def test_a_job_runs_in_a_ready_workspace_only(workspace):
    assert list(workspaces.list_ready()) == [workspace]
    workspace.state = "failed"
    workspace.save()
    assert list(workspaces.list_ready()) == []


def test_the_last_check_is_no_other_operation(workspace):
    check = factories.operation(workspace, Operation.Kind.TEST_CONNECTION, "succeeded")
    factories.operation(workspace, Operation.Kind.DEPLOY)
    assert workspaces.last_check(workspace) == check


def test_a_workspace_is_registered_whatever_the_case_of_its_name_until_it_is_let_go(workspace):
    names = {"subscription_id": workspace.subscription_id, "resource_group": "AMLocal", "name": "LOCAL"}
    assert workspaces.is_registered("local", **names)
    workspace.unregistered_at = timezone.now()
    workspace.save()
    assert not workspaces.is_registered("local", **names)
