"""Operations over the API: listed with filters, polled by ETag, stopped and opened once more."""

import pytest

from ops.models import Operation
from tests.portal import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def operation(workspace, alice):
    return factories.operation(workspace, by=alice)


def test_an_operation_is_read_with_its_steps(script, operation, workspace):
    document = script.ask("GET", f"operations/{operation.public_id}")[1]
    assert (document["kind"], document["state"], document["is_final"]) == ("test_connection", "running", False)
    assert document["target"] == {
        "type": "workspace",
        "id": workspace.public_id,
        "name": workspace.name,
        "url": f"/workspaces/{workspace.public_id}/",
    }
    assert document["steps"]
    assert document["steps"][0]["label"]


def test_a_poll_is_answered_in_full_only_when_something_changed(script, operation):
    address = f"/api/v1/operations/{operation.public_id}"
    first = script.get(address)
    known = {"If-None-Match": first.headers["ETag"]}
    assert script.get(address, headers=known).status_code == 304
    Operation.objects.update(state="succeeded", finished_at=operation.created_at)
    assert script.get(address, headers=known).json()["is_final"] is True


def test_the_list_has_the_filters_of_the_page(script, operation, workspace):
    failed = factories.operation(workspace, Operation.Kind.SUBMIT_RUN, "failed", target=factories.run(workspace))
    for query, found in {
        "": [failed, operation],
        "state=failed": [failed],
        "kind=test_connection": [operation],
        "q=MNIST": [failed],
        f"workspace={workspace.public_id}&state=running": [operation],
        "kind=nothing": [],
    }.items():
        page = script.ask("GET", f"operations?{query}")[1]
        assert [item["id"] for item in page["items"]] == [row.public_id for row in found], query
    assert script.ask("GET", "operations?q=MNIST")[1]["items"][0]["target"]["type"] == "run"


def test_one_asks_to_stop_and_a_second_time_changes_nothing(script, operation, alice):
    for _ in range(2):
        status, document = script.ask("POST", f"operations/{operation.public_id}/cancel")
        assert (status, document["id"]) == (202, operation.public_id)
    operation.refresh_from_db()
    assert operation.cancel_requested_by == alice
    assert operation.events.count() == 1


@pytest.mark.parametrize(
    ("state", "verb", "code"),
    [
        ("succeeded", "cancel", "operation:already_over"),
        ("succeeded", "retry", "operation:nothing_to_retry"),
        ("running", "retry", "operation:nothing_to_retry"),
    ],
)
def test_what_cannot_be_now_is_refused(script, workspace, state, verb, code):
    operation = factories.operation(workspace, state=state)
    status, problem = script.ask("POST", f"operations/{operation.public_id}/{verb}")
    assert (status, problem["code"]) == (409, code)
    assert Operation.objects.count() == 1


def test_what_failed_is_opened_once_more(script, workspace):
    failed = factories.operation(workspace, state="failed", error_code="azure:unreachable", plan={"a": 1})
    assert script.ask("GET", f"operations/{failed.public_id}")[1]["error"]["code"] == "azure:unreachable"
    status, document = script.ask("POST", f"operations/{failed.public_id}/retry")
    again = Operation.objects.get(public_id=document["id"])
    assert (status, again.retry_of, again.kind, again.state) == (202, failed, failed.kind, "queued")
