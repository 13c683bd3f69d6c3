"""Queries, milliseconds and kilobytes of Home and of the list pages, with 10, 25 and 100,000 rows.

The processor time is the web thread's own: a busy machine does not raise it as it raises the milliseconds, and SQLite's
work is in it, PostgreSQL's is not.
A request goes through the whole WSGI application as a browser's does (sessions, sign-in, gzip, a database connection
that is closed when the site closes it), with templates, static names and settings as in production. Without
DATABASE_URL it measures SQLite, then PostgreSQL where that is installed.
"""

import gzip
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from benchmarks import figures, list_rows

REPEATS = 30
# A page that is slow is looked at less often, five times at least.
ENOUGH_SECONDS = 4
MANY = int(os.environ.get("PORTAL_BENCH_ROWS", "100000"))
FAR_PAGE = 2000
NOUNS = ("jobs", "models", "endpoints", "operations")


def run() -> None:
    _measure_all()
    if not os.environ.get("DATABASE_URL"):
        _again_with_postgres()


def _measure_all() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    os.environ["PORTAL_DEBUG"] = "0"
    django.setup()
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    world = list_rows.world()
    makers = list_rows.makers(world)
    site = Site(get_wsgi_application(), world.session_key)
    _alive()
    for count in (10, 25):
        for noun in NOUNS:
            makers[noun](count)
            site.row(f"/{noun}/", f"{count} rows")
    for noun in NOUNS:
        makers[noun](MANY)
    _analyze()
    _many(site)


def _many(site: "Site") -> None:
    """What 100,000 rows of each noun cost."""
    site.row("/", f"Home, {MANY:,} rows of each noun")
    for noun in NOUNS:
        site.row(f"/{noun}/", f"{MANY:,} rows, first page")
        site.row(f"/{noun}/?after={_far(noun)}", f"{MANY:,} rows, page {FAR_PAGE:,}")
        site.row(f"/{noun}/?q=77777", f"{MANY:,} rows, search")


def _far(noun: str) -> str:
    """The cursor of the page that lies as many pages from the first as the table says."""
    from ops.models import Endpoint, Operation, RegisteredModel, Run
    from portal import keyset, lists
    from portal.queries import models

    model = {"jobs": Run, "models": RegisteredModel, "endpoints": Endpoint, "operations": Operation}[noun]
    order = models.NEWEST_FIRST if noun == "models" else lists.NEWEST_FIRST
    before = (FAR_PAGE - 1) * lists.ROWS
    rows = model.objects.exclude(workspace__name=list_rows.FOREIGN).order_by(*order)
    return keyset.cursor_after(rows[min(before, MANY // 2) - 1], order)


class Site:
    """The WSGI application with one person's session."""

    def __init__(self, application: Callable[..., Any], session_key: str) -> None:
        from django.conf import settings

        self.application = application
        self.cookie = f"{settings.SESSION_COOKIE_NAME}={session_key}"

    def row(self, path: str, what: str) -> None:
        """Measure the page and print its line of the table."""
        queries, html = self.look(path)
        times: list[float] = []
        busy: list[float] = []
        while len(times) < REPEATS and (len(times) < 5 or sum(times) < ENOUGH_SECONDS * 1000):
            began, worked = time.perf_counter(), time.thread_time()
            self.get(path)
            times.append((time.perf_counter() - began) * 1000)
            busy.append((time.thread_time() - worked) * 1000)
        name = path.partition("?")[0]
        cost = f"{queries} queries, {len(html) / 1000:.1f} kB, {median(busy):.1f} ms of processor time"
        figures.row(f"{_vendor()} {name} {what}: {cost}", times, "ms")

    def look(self, path: str) -> tuple[int, bytes]:
        """Return the number of queries and the page; the first request also fills what the site keeps in memory."""
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        self.get(path)
        with CaptureQueriesContext(connection) as queries:
            html = self.get(path)
        return len(queries), gzip.decompress(html)

    def get(self, path: str) -> bytes:
        """Return the body as it goes over the wire."""
        statuses: list[str] = []
        response = self.application(self._environ(path), lambda status, _headers, _info=None: statuses.append(status))
        body = b"".join(response)
        response.close()
        assert statuses == ["200 OK"], (path, statuses)
        return body

    def _environ(self, path: str) -> dict[str, Any]:
        name, _mark, query = path.partition("?")
        return {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": name,
            "SCRIPT_NAME": "",
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost",
            "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "HTTP_ACCEPT_ENCODING": "gzip, deflate, br",
            "HTTP_ACCEPT_LANGUAGE": "en-GB,en;q=0.7,zh;q=0.3",
            "HTTP_COOKIE": self.cookie,
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": sys.stderr,
        }


def _alive() -> None:
    """All parts have just been heard of, and will be until the end."""
    from datetime import timedelta

    from django.utils import timezone

    from ops.models import Heartbeat
    from portal.queries import heartbeats

    soon = timezone.now() + timedelta(hours=1)
    Heartbeat.objects.bulk_create(Heartbeat(name=name, seen_at=soon) for name in heartbeats.expected())


def _analyze() -> None:
    """The statistics that a planner has of tables that have grown over weeks."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _vendor() -> str:
    from django.db import connection

    return str(connection.display_name)


def _again_with_postgres() -> None:
    from tests import postgres_server

    if postgres_server.folder() is None:
        return
    with postgres_server.running() as server:
        environment = os.environ | {"DATABASE_URL": server.url()}
        subprocess.run([sys.executable, "-m", "benchmarks.list_pages"], env=environment, check=True)


if __name__ == "__main__":
    run()
