"""Several requests at the same moment: what may be done once is done once, and nobody gets a 500."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Team, User
from ops.models import Run
from portal import onboarding
from tests.portal import factories

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 6


@pytest.fixture(autouse=True)
def own_home(settings, tmp_path):
    settings.PORTAL_HOME = tmp_path


def at_once(ask: Callable[[Client], int], clients: list[Client]) -> list[int]:
    """The statuses of all requests, sent together."""
    ready, statuses = threading.Barrier(len(clients)), []

    def one(client: Client) -> None:
        ready.wait()
        try:
            statuses.append(ask(client))
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(statuses)


def test_the_set_up_link_makes_one_owner():
    link = reverse("accounts:setup", args=[onboarding.issue_setup_token()])
    clients = [Client() for _ in range(AT_ONCE)]
    numbers = {id(client): number for number, client in enumerate(clients)}

    def ask(client: Client) -> int:
        name = f"owner{numbers[id(client)]}"
        given = {"username": name, "password": "a-long-password-7", "password_again": "a-long-password-7"}
        return client.post(link, given | {"team": f"Team of {name}"}).status_code

    assert at_once(ask, clients) == [303] + [404] * (AT_ONCE - 1)
    assert User.objects.count() == 1
    assert Team.objects.count() == 1


def test_a_form_that_is_sent_several_times_makes_one_job(alice, workspace):
    answers = {f"parameter_{name}": str(value) for name, value in factories.PARAMETERS.items()}
    answers |= {"compute": f"{workspace.public_id}/cpu-cluster", "once": "one-key"}
    clients = [Client() for _ in range(AT_ONCE)]
    for client in clients:
        client.force_login(alice)
    statuses = at_once(lambda client: client.post("/jobs/new/mnist-keras/", answers).status_code, clients)
    assert statuses == [303] * AT_ONCE
    assert Run.objects.count() == 1


@pytest.mark.parametrize("username", ["newcomer", "bob"])
def test_a_person_who_is_added_several_times_is_a_member_once(olivia, team, username):
    if username == "bob":
        User.objects.create_user("bob", password="Bob-long-password")
    clients = [Client() for _ in range(AT_ONCE)]
    for client in clients:
        client.force_login(olivia)
    url = reverse("teams:add_member", args=[team.public_id])

    def ask(client: Client) -> int:
        return client.post(url, {"username": username, "role": "viewer"}, headers={"HX-Request": "true"}).status_code

    statuses = at_once(ask, clients)
    assert statuses.count(409) == AT_ONCE - 1, statuses
    assert Membership.objects.filter(user__username=username).count() == 1
