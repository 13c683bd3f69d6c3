"""``Idempotency-Key``: what is sent again is carried out once; a refusal is not kept, a secret is kept nowhere."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import ApiToken, IdempotentRequest, User
from ops.models import Endpoint, Operation, Run
from portal.api import idempotency
from portal.api.v1 import api
from scoring.models import Prediction
from tests.portal import factories
from tests.portal.api.conftest import Script, picture

pytestmark = pytest.mark.django_db
KEY = "6f1c2a9e-5f0f-4f7e-9d55-0c3b0b8f6a41"


@pytest.fixture
def job(workspace):
    return {"recipe": "mnist-keras", "workspace": workspace.public_id, "compute": "cpu-cluster"}


def queue(script, job, key=KEY):
    return script.ask("POST", "jobs", job, Idempotency_Key=key)


def age(**time):
    IdempotentRequest.objects.update(created_at=timezone.now() - timedelta(**time))


def at_once(script, job, threads):
    """The answers to one request that is sent by several threads at the same moment."""
    together, answers = threading.Barrier(threads), []
    secret = script.defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer ")

    def send():
        try:
            own = Script(secret)
            together.wait()
            answers.append(queue(own, job))
        finally:
            connection.close()

    senders = [threading.Thread(target=send) for _ in range(threads)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return answers


def test_every_write_that_makes_something_takes_a_key():
    takes = {
        operation["operationId"]
        for routes in api.get_openapi_schema()["paths"].values()
        for operation in routes.values()
        if any(parameter["name"] == idempotency.HEADER for parameter in operation.get("parameters", []))
    }
    assert takes == {
        "teams_create",
        "teams_add_member",
        "workspaces_register",
        "jobs_queue",
        "jobs_queue_with_files",
        "jobs_retry",
        "models_register",
        "endpoints_deploy",
        "predict_send",
        "operations_retry",
        "tokens_create",
    }


def test_a_request_sent_again_gets_the_same_answer_and_makes_one(script, job):
    answers = [queue(script, job) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == 202
    assert (Run.objects.count(), Operation.objects.count(), IdempotentRequest.objects.count()) == (1, 1, 1)


def test_without_a_key_each_request_makes_one(script, job):
    for _ in range(2):
        assert script.ask("POST", "jobs", job)[0] == 202
    assert (Run.objects.count(), IdempotentRequest.objects.count()) == (2, 0)


@pytest.mark.parametrize("other", ["another body", "another address"])
def test_a_key_is_for_one_request(script, job, other):
    queue(script, job)
    if other == "another body":
        status, problem = queue(script, job | {"display_name": "other"})
    else:
        status, problem = script.ask("POST", "jobs?a=b", job, Idempotency_Key=KEY)
    assert (status, problem["code"]) == (422, "api:key_reused")
    assert Run.objects.count() == 1


def test_a_key_is_a_persons_own(script, script_of, olivia, job):
    assert queue(script, job)[1]["id"] != queue(script_of(olivia), job)[1]["id"]
    assert Run.objects.count() == 2


def test_another_token_of_the_same_person_is_not_told(script, script_of, alice, job):
    queue(script, job)
    for scope in ("read", "manage"):
        status, answer = queue(script_of(alice, scope), job)
        assert (status, answer["code"]) == (422, "api:key_reused")


@pytest.mark.parametrize("key", ["", "x" * 65, "with space", "tab\t", "schlüssel"])
def test_a_key_that_is_none_is_refused(script, job, key):
    status, problem = queue(script, job, key)
    assert (status, problem["code"]) == (400, "api:bad_key")
    assert not Run.objects.exists()


def test_what_was_refused_may_be_mended_and_sent_with_the_same_key(script, workspace, job):
    assert queue(script, job | {"parameters": {"epochs": 0}})[0] == 422
    assert queue(script, job | {"compute": "nowhere"})[0] == 422
    running = factories.run(workspace)
    assert script.ask("POST", f"jobs/{running.public_id}/retry", Idempotency_Key=KEY)[0] == 409
    assert not IdempotentRequest.objects.exists()
    assert queue(script, job)[0] == 202


def test_a_right_that_came_later_is_seen(script_of, bob, job):
    script = script_of(bob)
    assert queue(script, job)[0] == 403
    bob.memberships.update(role="operator")
    assert queue(script, job)[0] == 202


def test_a_key_is_forgotten_after_a_day(script, job):
    queue(script, job)
    age(hours=23, minutes=59)
    queue(script, job)
    assert Run.objects.count() == 1
    age(hours=24, minutes=1)
    assert queue(script, job | {"display_name": "other"})[0] == 202
    assert (Run.objects.count(), IdempotentRequest.objects.count()) == (2, 1)


def test_the_secret_of_a_token_is_given_once_and_kept_nowhere(alice):
    browser = Script()
    browser.force_login(alice)
    wanted = {"name": "nightly", "scope": "read"}
    first, again = (browser.ask("POST", "tokens", wanted, Idempotency_Key=KEY)[1] for _ in range(2))
    assert first["secret"].startswith("ptl_")
    assert again == first | {"secret": ""}
    assert first["secret"] not in str(list(IdempotentRequest.objects.values()))
    assert ApiToken.objects.count() == 1


def test_a_one_time_password_is_given_once_and_kept_nowhere(script_of, olivia, team):
    address, wanted = f"teams/{team.public_id}/members", {"username": "new", "role": "viewer"}
    script = script_of(olivia)
    first, again = (script.ask("POST", address, wanted, Idempotency_Key=KEY)[1] for _ in range(2))
    assert len(first["one_time_password"]) >= 12
    assert again == first | {"one_time_password": ""}
    assert first["one_time_password"] not in str(list(IdempotentRequest.objects.values()))
    assert User.objects.filter(username="new").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_requests_at_the_same_moment_one_is_carried_out(script, job):
    for turn in range(3):
        answers = at_once(script, job, threads=4)
        assert [status for status, _document in answers] == [202] * 4
        assert len({document["id"] for _status, document in answers}) == 1
        assert (Run.objects.count(), Operation.objects.count()) == (turn + 1, turn + 1)
        IdempotentRequest.objects.all().delete()


def ask(script, endpoint, content=None, key=KEY):
    address = f"/api/v1/predict/{endpoint.public_id}"
    response = script.post(address, picture(content), headers={"Idempotency-Key": key})
    return response.status_code, response.json()


def test_a_picture_sent_again_is_asked_about_once(script, endpoint, served):
    sent = len(served.requests)
    answers = [ask(script, endpoint) for _ in range(2)]
    assert answers[0] == answers[1]
    assert (answers[0][0], len(served.requests) - sent, Prediction.objects.count()) == (200, 1, 1)
    status, problem = ask(script, endpoint, content=b"another file")
    assert (status, problem["code"]) == (422, "api:key_reused")


def test_an_answer_that_is_still_awaited_is_not_asked_for_again(script, endpoint, alice):
    ask(script, endpoint)
    IdempotentRequest.objects.update(status=None, answer=None)
    status, problem = ask(script, endpoint)
    assert (status, problem["code"], Prediction.objects.count()) == (409, "api:still_running", 1)
    # The process that waited for it was killed.
    age(seconds=61)
    assert (ask(script, endpoint)[0], Prediction.objects.count()) == (200, 2)


def test_an_endpoint_that_failed_may_be_asked_again_with_the_same_key(script, endpoint, served):
    Endpoint.objects.update(scoring_uri=f"{served.url}/broken")
    assert ask(script, endpoint)[0] == 424
    assert not IdempotentRequest.objects.exists()
    Endpoint.objects.update(scoring_uri=f"{served.url}/score")
    assert ask(script, endpoint)[0] == 200
