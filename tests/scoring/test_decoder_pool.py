"""Pictures are decoded in child processes that have limits and nothing to steal, and are replaced when they die."""

import functools
import io
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from scoring import budgets, images
from scoring.decoder_pool import ENVIRONMENT, DecoderPool
from scoring.errors import EndpointAnswer
from scoring.images import ImageRefused
from tests.scoring.support import DATA, color_spec, digit_spec, needs_data, png_of_zeros

needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc on this system")


@pytest.fixture
def pool() -> Iterator[DecoderPool]:
    pool = DecoderPool(2)
    yield pool
    pool.close()


def written(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


DRAWING = written(Image.linear_gradient("L"))


@functools.cache
def slow() -> bytes:
    """A JPEG of 500 scans, 15 s of work; a comment that looks like its end hides them from who counts them."""
    data = written(Image.new("L", (6900, 6900), 128), "JPEG", progressive=True)
    return data[:-2] + b"\xff\xfe\0\4\xff\xd9" + data[data.rindex(b"\xff\xda") : -2] * 500 + data[-2:]


def child(pool: DecoderPool) -> int:
    """The process id of the child that is used next."""
    pool.prepare(DRAWING, digit_spec())
    return pool._idle[-1]._process.pid


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ImageRefused) as error:
        call()
    return error.value.code


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "ICO", "HEIF", "AVIF"])
def test_a_picture_comes_back_as_from_this_process(pool: DecoderPool, kind: str) -> None:
    data = written(Image.radial_gradient("L").convert("RGB"), kind)
    for spec in (digit_spec(), color_spec()):
        assert pool.prepare(data, spec) == images.prepare(data, spec)


@needs_data("odd-images")
def test_odd_files_come_back_as_from_this_process(pool: DecoderPool) -> None:
    """Also those for which a decoder loads more of itself: the child can open no file any more."""
    for path in sorted((DATA / "odd-images").iterdir()):
        data, answers = path.read_bytes(), []
        for prepare in (images.prepare, pool.prepare):
            try:
                answers.append(prepare(data, color_spec()))
            except ImageRefused as error:
                answers.append((error.code, error.params))
        assert answers[0] == answers[1], path.name


def test_what_is_told_with_a_picture_comes_through(pool: DecoderPool) -> None:
    deep = written(Image.new("I;16", (28, 28), 3).point(lambda value: value))
    assert pool.prepare(deep, digit_spec()).is_blank
    levels = Image.frombytes("I;16", (2, 1), b"\0\0\xff\x0f").resize((28, 28), Image.Resampling.NEAREST)
    assert pool.prepare(written(levels), digit_spec()).stretched == (0, 4095)


def test_one_child_is_used_again_and_again(pool: DecoderPool) -> None:
    assert len({child(pool) for _ in range(5)}) == 1


def test_nothing_is_started_before_it_is_needed(pool: DecoderPool) -> None:
    assert refused(lambda: pool.prepare(b"", digit_spec())) == "image_empty"
    assert refused(lambda: pool.prepare(b"x" * 11, digit_spec(), max_bytes=10)) == "image_too_large"
    assert not pool._idle


def test_a_child_that_was_killed_is_replaced(pool: DecoderPool) -> None:
    killed = child(pool)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: not pool._idle[-1].is_alive())
    assert child(pool) != killed


def test_who_takes_too_much_processor_time_is_ended(
    pool: DecoderPool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = child(pool)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert refused(lambda: pool.prepare(slow(), digit_spec())) == "image_too_costly"
    assert str(-signal.SIGPROF) in caplog.text
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    assert spent < budgets.seconds_limit(len(slow())) + 2  # the child's start counts as well
    assert child(pool) != before


def test_who_does_not_answer_in_time_is_killed(pool: DecoderPool, monkeypatch: pytest.MonkeyPatch) -> None:
    before = child(pool)
    os.kill(before, signal.SIGSTOP)
    monkeypatch.setattr("scoring.decoder_pool.DEADLINE_SECONDS", 0.3)
    assert refused(lambda: pool.prepare(DRAWING, digit_spec())) == "image_too_costly"
    monkeypatch.undo()
    assert child(pool) != before


@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not keep a limit of address space")
def test_who_takes_too_much_memory_is_refused_and_lives(pool: DecoderPool) -> None:
    before = child(pool)
    resource.prlimit(before, resource.RLIMIT_AS, (1, resource.RLIM_INFINITY))  # the child raises it for each picture
    pool.prepare(DRAWING, digit_spec())
    size = int(Path(f"/proc/{before}/limits").read_text().split("Max address space")[1].split()[0])
    assert size < 1_500_000_000


@needs_proc
def test_a_child_has_no_secret_no_file_and_no_socket(pool: DecoderPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_SECRET_KEY", "secret")
    with open(__file__, "rb") as file:
        os.set_inheritable(file.fileno(), True)
        process = child(pool)
    environment = Path(f"/proc/{process}/environ").read_bytes().rstrip(b"\0").split(b"\0")
    assert {line.partition(b"=")[0] for line in environment} == {name.encode() for name in ENVIRONMENT}
    opened = {os.readlink(link).partition(":")[0] for link in Path(f"/proc/{process}/fd").iterdir()}
    assert opened == {"pipe", "/dev/null"}
    limits = Path(f"/proc/{process}/limits").read_text()
    for name, most in (("Max open files", "3"), ("Max file size", "0"), ("Max core file size", "0")):
        assert limits.split(name)[1].split()[0] == most


def test_pages_come_before_pictures(pool: DecoderPool) -> None:
    assert os.getpriority(os.PRIO_PROCESS, child(pool)) > os.getpriority(os.PRIO_PROCESS, 0)


def test_a_child_ends_with_its_parent(pool: DecoderPool) -> None:
    child(pool)
    decoder = pool._idle.pop()
    decoder._requests.close()
    assert decoder._process.wait(timeout=10) == 0
    decoder.close()


def test_who_waits_too_long_or_with_too_many_is_told_that_we_are_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = DecoderPool(1)
    monkeypatch.setattr("scoring.decoder_pool.WAIT_SECONDS", 0.2)
    with pool._turn(4):
        for waiting in (4, 0):
            with pytest.raises(EndpointAnswer) as busy:
                pool.prepare(DRAWING, digit_spec(), max_waiting=waiting)
            assert busy.value.code == "busy"
    try:
        pool.prepare(DRAWING, digit_spec(), max_waiting=0)
    finally:
        pool.close()


def test_many_threads_share_a_few_children(pool: DecoderPool) -> None:
    wanted, seen = images.prepare(DRAWING, digit_spec()), []
    threads = [
        threading.Thread(target=lambda: seen.append(pool.prepare(DRAWING, digit_spec(), max_waiting=20)))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [wanted] * 12
    assert len(pool._idle) <= 2


def test_four_bombs_at_once_are_all_answered_and_cost_no_more_than_two_children(pool: DecoderPool) -> None:
    bombs = [png_of_zeros(7000, 7000, 2), png_of_zeros(1, 1_000_000), slow(), slow()]
    codes: list[str] = []

    def send(data: bytes) -> None:
        try:
            pool.prepare(data, digit_spec(), max_waiting=20)
        except (ImageRefused, EndpointAnswer) as error:
            codes.append(error.code)

    threads = [threading.Thread(target=send, args=(data,)) for data in bombs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes)[-1] == "image_too_narrow"
    assert set(codes) <= {"image_too_costly", "image_too_narrow", "busy"}
    assert len(codes) == 4


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_leaves_the_children_to_the_parent(pool: DecoderPool) -> None:
    parents = child(pool)
    forked = os.fork()
    if forked == 0:
        is_own = child(pool) != parents
        pool.close()
        os._exit(0 if is_own else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]) == 0
    assert child(pool) == parents


def wait_until(is_done: Callable[[], bool], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not is_done():
        assert time.monotonic() < until
        time.sleep(0.01)
