"""The permission matrix: every page × every person × GET and POST answers as its table says, and a no changes nothing.

The routes of the API have a table of their own (``test_api_permissions``).

Each request is sent three times: as a browser, as htmx and as a client that reads JSON. All start from the same rows,
because what a request changed is rolled back after it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings as site
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import User
from portal.middleware import OPEN_TO_NEWCOMERS
from tests.portal.scenarios.permission_changes import Tables, tables, undone
from tests.portal.scenarios.permission_table import MEMBERS, PEOPLE, Row, rows
from tests.portal.scenarios.permission_world import MARK, World, arguments, posts, queries

pytestmark = pytest.mark.django_db
FORMS = {"page": {}, "htmx": {"HX-Request": "true"}, "json": {"Accept": "application/json"}}


@dataclass(frozen=True)
class Reply:
    """The word of the table that an answer amounts to, and whether the answer names the team's things."""

    word: str
    names_ours: bool


def test_the_table_has_a_row_for_each_route_and_method_and_no_others():
    stated = [f"{row.name} {row.method}" for row in rows()]
    assert len(stated) == len(set(stated))
    plain = {f"{row.route} {row.method}" for row in rows() if row.name == row.route}
    served = {f"{route} {method}" for route in routes(get_resolver()) for method in ("GET", "POST")}
    without_row, without_route = served - plain, {f"{row.route} {row.method}" for row in rows()} - served
    assert not without_row
    assert not without_route


@pytest.mark.parametrize("person", PEOPLE)
def test_every_route_answers_each_person_as_the_table_says_and_a_no_changes_nothing(world, person):
    browser = signed_in(world, person)
    before = tables()
    wrong, shown = [], set()
    for row in rows():
        for form, headers in FORMS.items():
            reply = ask(world, browser, row, person, headers, before)
            if reply.word != row.words[person]:
                wrong.append(f"{row.name} {row.method} as {form}: {row.words[person]} expected, {reply.word} came")
            if reply.names_ours:
                shown.add(f"{row.name} {row.method} as {form}")
    assert not wrong, "\n".join(wrong)
    assert bool(shown) == (person in MEMBERS), shown


@pytest.mark.parametrize("person", ["anonymous", "owner"])
def test_no_route_takes_a_post_without_the_csrf_token(world, person):
    browser = signed_in(world, person, enforce_csrf_checks=True)
    before = tables()
    asked = [row for row in rows() if row.method == "POST" and row.route != "api_unknown"]
    replies = {row.name: ask(world, browser, row, person, {}, before).word for row in asked}
    assert set(replies.values()) == {"403"}, replies


def test_a_person_with_a_one_time_password_reaches_no_row_before_changing_it(world):
    User.objects.update(must_change_password=True)
    browser = signed_in(world, "owner")
    before = tables()
    reached = {row.route for row in rows() if ask(world, browser, row, "owner", {}, before).word != "password"}
    assert reached == OPEN_TO_NEWCOMERS | {"accounts:sign_in", "accounts:setup", "home:health", "api_unknown"}


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    """The names of all routes but the API's, as ``reverse`` takes them. A route without a name fails."""
    for entry in resolver.url_patterns:
        if getattr(entry, "namespace", None) == "api-v1":
            continue
        if isinstance(entry, URLPattern):
            assert entry.name, entry
            yield f"{prefix}{entry.name}"
        else:
            yield from routes(entry, f"{prefix}{entry.namespace}:" if entry.namespace else prefix)


def signed_in(world: World, person: str, **options: Any) -> Client:
    client = Client(**options)
    if user := world.people[person]:
        client.force_login(user)
    return client


def ask(world: World, browser: Client, row: Row, person: str, headers: dict[str, str], before: Tables) -> Reply:
    """Send the row's request, look at what it changed, and undo that, cookies included."""
    url = reverse(row.route, args=arguments(world, person).get(row.name))
    data = queries(world).get(row.name) if row.method == "GET" else posts(world, person).get(row.name)
    answer = undone(browser, lambda: getattr(browser, row.method.lower())(url, data, headers=headers), before)
    return Reply(word_of(answer.response, answer.is_changed), MARK.encode() in answer.body)


def word_of(answer: Any, is_changed: bool) -> str:
    """The table's word for the answer. A change where the word allows none makes it another word."""
    where = answer.headers.get("HX-Redirect") or answer.headers.get("Location")
    if answer.status_code == 401 or (where and where.startswith(f"{reverse(site.LOGIN_URL)}?next=")):
        word = "sign-in"
    elif where == reverse("accounts:password"):
        word = "password"
    elif where:
        return "done" if is_changed else "moved"
    elif answer.status_code == 200:
        return "made" if is_changed else "page"
    else:
        word = str(answer.status_code)
    return f"{word}, but something was changed," if is_changed else word
