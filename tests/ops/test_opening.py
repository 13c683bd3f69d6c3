"""Opening operations: policies, the lock, the event, the message; targets are named in one way."""

import pytest
from django.utils import timezone

from ops import opening, policies, queue, targets
from ops.errors import OperationInProgress, OpsError, Refused
from ops.models import Event, Operation, Run
from ops.models.nouns import NOUNS, noun_of
from ops.models.places import team_of, workspace_of
from ops.models.targets import attach_targets
from ops.opening import open_operation
from portal.presenters.targets import Target, target_of
from tests.portal import factories

pytestmark = pytest.mark.django_db
Kind = Operation.Kind


def everything(workspace):
    """One row of every noun that lies in a workspace."""
    run = factories.run(workspace)
    version = factories.version(workspace, run=run)
    endpoint = factories.endpoint(workspace)
    blue = factories.deployment(endpoint, model_version=version)
    return {
        "workspace": workspace,
        "run": run,
        "registered_model": version.registered_model,
        "model_version": version,
        "endpoint": endpoint,
        "deployment": blue,
    }


def test_every_noun_leads_to_its_team_its_workspace_and_its_lock(workspace, alice):
    rows = everything(workspace)
    for name, row in rows.items():
        assert noun_of(row).name == name
        assert (team_of(row), workspace_of(row)) == (workspace.team, workspace)
        operation = open_operation(Kind.TEST_CONNECTION, row, by=alice, lock_key=f"test:{name}")
        again = Operation.objects.get(pk=operation.pk)
        assert (again.target, again.target_name) == (row, NOUNS[name].title(row))
        assert (again.team, again.workspace, again.queue) == (workspace.team, workspace, "cloud.local")
        assert target_of(again).url.startswith("/")
    assert rows["deployment"].lock_key == rows["endpoint"].lock_key
    assert rows["model_version"].lock_key == rows["registered_model"].lock_key


def test_the_targets_of_a_list_are_read_with_one_query_a_noun(workspace, alice, django_assert_num_queries):
    for number in range(3):
        for name, row in everything_numbered(workspace, number).items():
            open_operation(Kind.TEST_CONNECTION, row, by=alice, lock_key=f"{name}:{number}")
    rows = list(Operation.objects.all())
    with django_assert_num_queries(2):
        attach_targets(rows)
        assert all(row.target is not None for row in rows)


def everything_numbered(workspace, number):
    return {"run": factories.run(workspace), "endpoint": factories.endpoint(workspace, f"digits-{number}")}


def test_opening_writes_the_row_the_event_and_one_message(
    workspace, alice, monkeypatch, django_capture_on_commit_callbacks
):
    sent = []
    monkeypatch.setattr(queue, "send", sent.append)
    run = factories.run(workspace)
    with django_capture_on_commit_callbacks(execute=True):
        operation = open_operation(Kind.SUBMIT_RUN, run, by=alice, plan={"a": 1})
        assert not sent
    assert sent == [operation]
    event = Event.objects.get()
    assert (event.verb, event.by, event.operation, event.target) == (Event.Verb.REQUESTED, alice, operation, run)


def test_a_policy_is_asked_before_anything_is_written(workspace, alice, monkeypatch):
    def nothing_at_night(kind, target, by):
        raise Refused("workspace:unregistered", name="night")

    monkeypatch.setattr(policies, "POLICIES", (nothing_at_night,))
    with pytest.raises(Refused):
        open_operation(Kind.TEST_CONNECTION, workspace, by=alice)
    assert not Operation.objects.exists()
    assert not Event.objects.exists()


def test_nothing_is_begun_in_a_workspace_that_was_unregistered(workspace, alice):
    run = factories.run(workspace)
    workspace.unregistered_at = timezone.now()
    workspace.save()
    with pytest.raises(Refused) as refused:
        open_operation(Kind.SUBMIT_RUN, run, by=alice)
    assert refused.value.code == "workspace:unregistered"


def test_the_lock_names_its_holder(workspace, alice, olivia):
    first = open_operation(Kind.TEST_CONNECTION, workspace, by=alice)
    with pytest.raises(OperationInProgress) as refused:
        open_operation(Kind.TEST_CONNECTION, workspace, by=olivia)
    assert refused.value.params["operation"] == first.public_id
    assert opening.holder_of(workspace.lock_key) == first


def test_a_target_that_is_gone_is_told_and_links_nowhere(workspace, alice):
    operation = open_operation(Kind.SUBMIT_RUN, factories.run(workspace, display_name="first try"), by=alice)
    Run.objects.all().delete()
    gone = Operation.objects.get(pk=operation.pk)
    assert (gone.target, target_of(gone)) == (None, Target("first try", ""))
    with pytest.raises(OpsError) as told:
        targets.run(gone)
    assert told.value.code == "ops:target_gone"
