"""Pages by key: each row on exactly one page, forwards and backwards, whatever is added or removed meanwhile."""

import base64
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from ops.models import Run, Workspace
from portal import keyset
from tests.portal import factories

pytestmark = pytest.mark.django_db
ORDER = ("-created_at", "-pk")


@pytest.fixture
def runs(workspace):
    """Eleven runs, of which some were made in the same microsecond."""
    now = timezone.now()
    made = [factories.run(workspace, name=f"run-{number}") for number in range(11)]
    for number, run in enumerate(made):
        Run.objects.filter(pk=run.pk).update(created_at=now - timedelta(seconds=number // 4))
    return Run.objects.all()


def names(page):
    return [run.name for run in page.rows]


def walk(rows, order, size):
    """The names of all pages from the first to the last, and of the same pages on the way back."""
    pages = [keyset.slice_of(rows, order, "", size)]
    while pages[-1].next:
        pages.append(keyset.slice_of(rows, order, pages[-1].next, size))
    back = [pages[-1]]
    while back[-1].previous:
        back.append(keyset.slice_of(rows, order, back[-1].previous, size))
    return [names(page) for page in pages], [names(page) for page in reversed(back)]


@pytest.mark.parametrize("order", [ORDER, ("created_at", "pk"), ("name", "pk"), ("-pk",)])
@pytest.mark.parametrize("size", [1, 3, 4, 11, 50])
def test_every_row_is_on_one_page_and_the_way_back_is_the_same(runs, order, size):
    there, back = walk(runs, order, size)
    expected = [run.name for run in runs.order_by(*order)]
    assert [name for page in there for name in page] == expected
    assert [name for page in back for name in page] == expected
    assert max(map(len, there)) <= size


def test_the_first_page_has_no_page_before_and_the_last_none_after(runs):
    first = keyset.slice_of(runs, ORDER, "", 6)
    last = keyset.slice_of(runs, ORDER, first.next, 6)
    assert (first.previous, last.next) == ("", "")
    assert keyset.slice_of(runs, ORDER, last.previous, 6).previous == ""


def test_a_row_that_is_added_or_removed_moves_no_other(runs, workspace):
    first = keyset.slice_of(runs, ORDER, "", 4)
    expected = names(keyset.slice_of(runs, ORDER, first.next, 4))
    factories.run(workspace, name="newest")
    first.rows[-1].delete()
    assert names(keyset.slice_of(runs, ORDER, first.next, 4)) == expected


def test_no_rows_are_a_page_without_neighbours(runs):
    assert keyset.slice_of(runs.none(), ORDER, "", 4) == keyset.Slice([], "", "")


def cursor(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "wrong",
    [
        "x",
        "é",
        "0",
        "\x00",
        "A" * 2000,
        cursor([]),
        cursor({}),
        cursor(None),
        cursor(["f", "2026-01-01"]),
        cursor(["f", "no time", "1"]),
        cursor(["f", "2026-01-01T00:00:00Z", "one"]),
        cursor(["f", "2026-01-01T00:00:00Z", "9" * 40]),
        cursor(["f", None, "1"]),
        cursor(["f", 5, 6]),
        cursor(["x", "2026-01-01T00:00:00Z", "1"]),
        base64.urlsafe_b64encode(b"[" * 700).decode(),
    ],
)
def test_a_cursor_that_was_not_made_here_is_refused(runs, wrong):
    with pytest.raises(keyset.BadCursor):
        keyset.slice_of(runs, ORDER, wrong, 4)


def test_many_rows_are_not_counted_to_the_end(runs):
    assert [keyset.count_up_to(runs, most) for most in (3, 11, 50)] == [4, 11, 11]


@pytest.fixture
def spread(runs, workspace):
    """The runs by turns in three workspaces, and the parts that are the first two of these."""
    given = {"team": workspace.team, "credential": workspace.credential, "cloud": "local"}
    places = [workspace, *(Workspace.objects.create(name=name, **given) for name in ("second", "foreign"))]
    for number, run in enumerate(runs.order_by("pk")):
        Run.objects.filter(pk=run.pk).update(workspace=places[number % 3])
    return keyset.Parts("workspace_id", [place.pk for place in places[:2]])


@pytest.mark.parametrize("most_parts", [100, 1])
@pytest.mark.parametrize("order", [ORDER, ("name", "pk")])
def test_pages_of_parts_are_the_pages_of_their_rows_alone(spread, monkeypatch, order, most_parts):
    monkeypatch.setattr(keyset, "MOST_PARTS", most_parts)
    expected = [run.name for run in spread.of(Run.objects.all()).order_by(*order)]
    assert 0 < len(expected) < 11

    def at(cursor):
        return keyset.slice_of_parts(Run.objects.all(), spread, order, cursor, 3, lambda rows: rows)

    pages = [at("")]
    while pages[-1].next:
        pages.append(at(pages[-1].next))
    assert [name for page in pages for name in names(page)] == expected
    assert names(at(pages[-1].previous)) == names(pages[-2])
    assert names(at(keyset.cursor_after(pages[0].rows[1], order))) == expected[2:5]


def test_no_parts_are_no_rows_and_no_query(runs, django_assert_num_queries):
    with django_assert_num_queries(0):
        nothing = keyset.slice_of_parts(runs, keyset.Parts("workspace_id", []), ORDER, "", 3, lambda rows: rows)
    assert nothing == keyset.Slice([], "", "")


def test_several_lists_are_counted_in_one_query(runs, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert keyset.count_each_up_to([runs, runs.filter(name="run-3"), runs.filter(name="%s")], 5) == [6, 1, 0]
