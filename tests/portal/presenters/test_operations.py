"""An operation's steps as they went, its story, and when it may be retried."""

import pytest

from ops.messages import STEPS
from ops.models import Event, Operation
from portal.presenters import operations
from portal.presenters.operations import DONE, FAILED, NOW, STOPPED, TODO
from tests.portal import factories

pytestmark = pytest.mark.django_db
Kind = Operation.Kind


def began(operation, *steps):
    for step in steps:
        factories.event(operation, Event.Verb.STEP, step=step)


@pytest.mark.parametrize(
    ("state", "states"),
    [
        ("running", [DONE, NOW, TODO]),
        ("failed", [DONE, FAILED, TODO]),
        ("cancelled", [DONE, STOPPED, TODO]),
        ("succeeded", [DONE, DONE, STOPPED]),
    ],
)
def test_steps_say_how_far_it_came(workspace, state, states):
    names = list(STEPS[Kind.DEPLOY])
    operation = factories.operation(workspace, Kind.DEPLOY, state, step=names[1])
    began(operation, *names[:2])
    shown = operations.steps(operation)
    assert [step.name for step in shown] == names
    assert [step.state for step in shown[:3]] == states
    assert shown[0].ended_at == shown[1].started_at
    assert shown[1].ended_at == operation.finished_at


def test_only_one_that_ended_badly_may_be_retried_and_only_an_open_one_is_live(workspace):
    shown = {
        state: operations.page(factories.operation(workspace, state=state), may_write=True)
        for state in ("running", "failed", "succeeded")
    }
    assert [state for state, page in shown.items() if page.may_retry] == ["failed"]
    assert [state for state, page in shown.items() if page.is_live] == ["running"]


def test_the_story_names_who_asked_and_azures_own_words(workspace, alice):
    operation = factories.operation(workspace)
    factories.event(operation, Event.Verb.REQUESTED, by=alice)
    factories.event(operation, Event.Verb.WAITING, code="azure:throttled", params={"message": "too many"})
    first, second = operations.story(operation)
    assert (first.text, first.by) == ("Requested", str(alice))
    assert second.detail == "too many"
