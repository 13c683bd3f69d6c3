import threading

import pytest

from ops.azure import endpoints, rest
from ops.azure.errors import AzureNotFound, AzureRejected, AzureUnreachable
from tests.ops.azure.conftest import TAGS, sent, until, wait


@pytest.fixture
def endpoint(connection, name):
    """The name of an endpoint without deployments."""
    found = name("endpoint")
    wait(connection, endpoints.begin_create(connection, found, "key", TAGS, "For tests."))
    return found


def test_an_endpoint_is_made_with_one_put(connection, server, endpoint, target):
    facts = endpoints.get(connection, endpoint)
    assert (facts.name, facts.state, facts.auth_mode, facts.traffic) == (endpoint, "ready", "key", {})
    assert facts.tags == TAGS
    assert facts.scoring_uri.startswith("https://")
    assert facts.arm_id.lower() == f"{target.arm_id}/onlineEndpoints/{endpoint}".lower()
    assert facts.created_at.tzinfo
    assert len(server.requests("PUT", f"/onlineEndpoints/{endpoint}")) == 1
    assert endpoint in [each.name for each in endpoints.list_endpoints(connection)]


def test_beginning_does_not_wait_and_leaves_no_thread(connection, server, name):
    endpoints.list_endpoints(connection)
    slow = name("slow")
    server.pace("polls:3", retry_after=9)
    before = set(threading.enumerate())
    server.forget_requests()
    url = endpoints.begin_create(connection, slow, "key", TAGS, "")
    assert set(threading.enumerate()) == before
    assert [request.split()[0] for request in sent(server, path="/onlineEndpoints")] == ["PUT"]
    assert not sent(server, path="OperationsStatus")
    assert endpoints.get(connection, slow).state == "creating"
    assert rest.poll(connection, url).status == "running"
    assert rest.poll(connection, url).retry_after_seconds == 9
    wait(connection, url)
    assert endpoints.get(connection, slow).state == "ready"


def test_an_endpoint_whose_answer_was_lost_is_found_by_its_tag(connection, server, name):
    lost = name("lost")
    server.fault(method="PUT", path=f"/onlineEndpoints/{lost}", lose=True)
    with pytest.raises(AzureUnreachable):
        endpoints.begin_create(connection, lost, "key", TAGS, "")
    assert endpoints.get(connection, lost).tags == TAGS
    assert len(server.requests("PUT", f"/onlineEndpoints/{lost}")) <= 1


def test_the_key_is_the_primary_one(connection, endpoint):
    key = endpoints.key(connection, endpoint)
    assert len(key) >= 16
    assert endpoints.key(connection, endpoint) == key


def test_an_endpoint_is_deleted(connection, endpoint):
    wait(connection, endpoints.begin_delete(connection, endpoint))

    def is_gone():
        try:
            endpoints.get(connection, endpoint)
        except AzureNotFound:
            return True
        return False

    assert until(is_gone, bool)


def test_deleting_what_is_not_there_is_done_at_once(connection):
    assert endpoints.begin_delete(connection, "nobody") == ""


def test_a_name_that_breaks_the_rules_is_rejected(connection):
    with pytest.raises(AzureRejected):
        endpoints.begin_create(connection, "no_underscores!", "key", TAGS, "")


def test_traffic_to_a_deployment_that_is_not_there_is_rejected(connection, endpoint):
    with pytest.raises((AzureRejected, AzureNotFound)):
        endpoints.begin_set_traffic(connection, endpoint, {"nobody": 100})
