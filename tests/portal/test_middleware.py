"""What is true of every answer: where a stranger is sent, what may be kept, and a database that somebody else holds."""

import sqlite3

import pytest
from django.db import connection

from ops.models import Run
from tests.portal import factories

QUEUE = "/jobs/new/mnist-keras/"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/jobs/?q=a%26b&status=Running", "/models/?q=%E6%95%B0"])
def test_the_way_back_keeps_its_own_query(client, alice, path):
    sign_in = client.get(path).url
    given = {"username": "alice", "password": "Alice-long-password", "next": client.get(sign_in).context["next"]}
    assert client.post("/sign-in/", given).url == path


@pytest.mark.django_db
def test_a_page_behind_sign_in_is_kept_nowhere(client_of, alice, workspace, client):
    browser = client_of(alice)
    for path in ("/", "/jobs/", f"/workspaces/{workspace.public_id}/", "/no-such-page/", "/api/v1/jobs"):
        assert "no-store" in browser.get(path).headers["Cache-Control"], path
    assert "no-store" not in client.get("/static/css/tokens.css").headers.get("Cache-Control", "")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/jobs/", "/jobs/new/", QUEUE, "/tokens/", "/workspaces/register/", "/healthz"])
def test_head_is_answered_wherever_get_is(client_of, alice, workspace, path):
    browser = client_of(alice)
    head = browser.head(path)
    assert head.status_code == browser.get(path).status_code
    assert head.content == b""


@pytest.fixture
def held(transactional_db):
    """Another program holds SQLite's write lock; we wait for a tenth of a second instead of twenty."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL locks rows, not the database")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout=100")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    yield lambda: other.execute("BEGIN IMMEDIATE")
    other.close()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout=20000")


def test_a_database_that_somebody_holds_is_a_sentence_and_nothing_is_lost(client_of, alice, workspace, held):
    answers = {f"parameter_{name}": str(value) for name, value in factories.PARAMETERS.items()}
    answers |= {"compute": f"{workspace.public_id}/cpu-cluster", "once": "a-key"}
    client = client_of(alice)
    held()
    page = client.post(QUEUE, answers)
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert "nothing was saved" in page.content.decode()
    assert "what you typed is still there" in page.content.decode()
    fragment = client.post(QUEUE, answers, **factories.HTMX)
    assert fragment.status_code == 503
    assert "nothing was saved" in fragment.headers["HX-Trigger"]
    api = client.post(f"/api/v1/workspaces/{workspace.public_id}/test")
    assert (api.status_code, api.json()["code"]) == (503, "http:503")
    assert not Run.objects.exists()
