"""The API's permission matrix: every route × every person and token answers as its table says; a no changes nothing.

All requests start from the same rows, because what a request changed is rolled back after it.
"""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from accounts.models import ApiToken, User
from portal.api.v1 import api
from tests.portal.scenarios.api_permission_table import SESSION, Row, rows
from tests.portal.scenarios.api_permission_world import Sent, keys, requests
from tests.portal.scenarios.permission_changes import Answer, Tables, tables, undone
from tests.portal.scenarios.permission_table import MEMBERS, PEOPLE
from tests.portal.scenarios.permission_world import MARK, World

pytestmark = pytest.mark.django_db
# The document itself, which says nothing of anybody's rows, and the address above all others, where nothing is.
BESIDE = {"openapi-json", "api-root"}


def methods() -> dict[str, str]:
    """The method of each route, as django-ninja serves it."""
    return {
        operation.operation_id: operation.methods[0]
        for _prefix, router in api._routers
        for view in router.path_operations.values()
        for operation in view.operations
    }


def test_the_table_has_a_row_for_each_route_and_no_others():
    stated = [row.name for row in rows()]
    assert len(stated) == len(set(stated))
    served = set(methods())
    assert len(served) > 40
    assert served == {row.route for row in rows()} == {row.name for row in rows() if row.name == row.route}
    resolver = next(entry for entry in get_resolver().url_patterns if getattr(entry, "namespace", "") == "api-v1")
    assert {entry.name for entry in resolver.url_patterns if isinstance(entry, URLPattern)} == served | BESIDE


@pytest.mark.parametrize("person", PEOPLE)
def test_every_route_answers_each_key_as_the_table_says_and_a_no_changes_nothing(world, person):
    ways = keys(world, person)
    not_to_be_noted_again()
    clients = {way: signed_in(world, person if way == SESSION else "anonymous") for way in ways}
    before, wrong, shown = tables(), [], set()
    for way, headers in ways.items():
        client, sent = clients[way], requests(world, person)
        for row in rows():
            answer = ask(client, row, sent.get(row.name, Sent()), headers, before)
            expected, came = row.words.get((person, way), "401"), word_of(row, answer)
            if came != expected:
                wrong.append(f"{row.name} with {way}: {expected} expected, {came} came")
            if MARK.encode() in answer.body:
                shown.add(way)
    assert not wrong, "\n".join(wrong)
    assert shown == (set(ways) - {"elsewhere"} if person in MEMBERS else set())


def test_no_write_by_session_is_taken_without_the_csrf_token(world):
    browser, sent = signed_in(world, "owner", enforce_csrf_checks=True), requests(world, "owner")
    before = tables()
    writes = [row for row in rows() if methods()[row.route] != "GET"]
    assert len(writes) > 20
    assert {word_of(row, ask(browser, row, sent[row.name], {}, before)) for row in writes} == {"403"}


def test_a_person_with_a_one_time_password_reaches_no_row_by_session(world):
    User.objects.update(must_change_password=True)
    browser, sent = signed_in(world, "owner"), requests(world, "owner")
    before = tables()
    for row in rows():
        answer = ask(browser, row, sent.get(row.name, Sent()), {}, before)
        assert (word_of(row, answer), json.loads(answer.body)["code"]) == ("403", "accounts:must_change_password")


def not_to_be_noted_again() -> None:
    """The last use of a token is written once a minute: it lies ahead, so that a table that changed is a fault."""
    ApiToken.objects.update(last_used_at=timezone.now() + timedelta(hours=1))


def signed_in(world: World, person: str, **options: Any) -> Client:
    client = Client(**options)
    if user := world.people[person]:
        client.force_login(user)
    return client


def ask(client: Client, row: Row, sent: Sent, headers: dict[str, str], before: Tables) -> Answer:
    url = reverse(f"api-v1:{row.route}", args=sent.arguments)
    url = f"{url}?{urlencode(sent.query)}" if sent.query else url

    def send() -> Any:
        if sent.form is not None:
            return client.post(url, sent.form, headers=headers)
        body = {} if sent.body is None else {"data": json.dumps(sent.body), "content_type": "application/json"}
        return client.generic(methods()[row.route], url, headers=headers, **body)

    return undone(client, send, before)


def word_of(row: Row, answer: Answer) -> str:
    """The table's word for the answer; a change that should not be, or one that is missing, makes it another."""
    status = answer.response.status_code
    should_change = 200 <= status < 300 and methods()[row.route] != "GET"
    if answer.is_changed == should_change:
        return str(status)
    return f"{status} and nothing was changed" if should_change else f"{status}, but something was changed"
