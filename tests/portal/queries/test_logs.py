"""A log is read from any byte on, in bounded pieces, and no character comes out broken."""

import pytest

from portal.queries import logs
from tests.portal import factories

pytestmark = pytest.mark.django_db


def test_pieces_put_together_are_the_whole_log(workspace):
    run, text = factories.run(workspace, "Completed"), "größer als vorher\n" * 30_000
    log_file = factories.log(run, text)
    read, offset = "", 0
    while True:
        piece = logs.read(run, log_file, offset)
        assert len(piece.text.encode()) <= logs.ANSWER_BYTES
        read, offset = read + piece.text, piece.next_offset
        if piece.is_final:
            break
    assert read == text == "".join(logs.whole(log_file))


def test_an_offset_within_a_character_leaves_that_character_out(workspace):
    run = factories.run(workspace)
    piece = logs.read(run, factories.log(run, "éa"), 1)
    assert (piece.text, piece.next_offset) == ("a", 3)


def test_without_an_offset_a_large_log_is_read_near_its_end(workspace):
    run = factories.run(workspace)
    log_file = factories.log(run, "x" * 600_000)
    piece = logs.read(run, log_file, None)
    assert piece.offset >= 600_000 - logs.ANSWER_BYTES
    assert piece.next_offset == 600_000
    assert not piece.is_final


def test_a_run_without_a_log_has_an_empty_piece_that_ends_with_the_run(workspace):
    for status, is_final in (("Running", False), ("Failed", True)):
        piece = logs.read(factories.run(workspace, status), None, 5)
        assert (piece.text, piece.next_offset, piece.is_final) == ("", 0, is_final)


def test_the_scripts_own_output_comes_before_azures_logs(workspace):
    run = factories.run(workspace)
    system = factories.log(run, "s", "a_system.txt")
    assert logs.choose(run, "") == system
    own = factories.log(run, "o")
    assert logs.choose(run, "") == own
    assert logs.choose(run, "a_system.txt") == system
    assert logs.choose(run, "none") is None
