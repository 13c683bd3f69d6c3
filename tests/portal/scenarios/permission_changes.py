"""What a request changes: every row of every table, and every file that is kept. No test in here."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.test import Client

Tables = dict[str, list[str]]


@dataclass(frozen=True)
class Answer:
    """An answer, its body, and whether the request changed a row or a file."""

    response: Any
    body: bytes
    is_changed: bool


def undone(browser: Client, send: Callable[[], Any], before: Tables) -> Answer:
    """Send a request, look at what it changed since ``before``, and undo that, cookies included."""
    cookies, files = {name: morsel.value for name, morsel in browser.cookies.items()}, kept_files()
    with transaction.atomic():
        response = send()
        body = response.getvalue()
        is_changed = tables() != before or kept_files() != files
        transaction.set_rollback(True)
    browser.cookies.clear()
    browser.cookies.load(cookies)
    return Answer(response, body, is_changed)


def tables() -> Tables:
    """Return every row of every table but the sessions."""
    found = {}
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            if name != "django_session":
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")
                found[name] = sorted(map(repr, cursor.fetchall()))
    return found


def kept_files() -> set[Path]:
    """Return the paths of all files that the portal keeps."""
    return set(Path(settings.MEDIA_ROOT).rglob("*"))
