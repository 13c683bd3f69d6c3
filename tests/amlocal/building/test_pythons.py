"""Other Pythons of this machine: on PATH, known to uv, or brought by it."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest

from amlocal.building import pythons

MINOR = ".".join(platform.python_version_tuple()[:2])


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(pythons, "_failed_at", {})
    return tmp_path


def write(file: Path, *lines: str) -> None:
    file.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    file.chmod(0o755)


def find(minor: str) -> tuple[Path, str] | None:
    return pythons.find(minor, lambda text: None, lambda: None)


def test_one_on_path_is_found(programs: Path) -> None:
    write(programs / f"python{MINOR}", f'exec {sys.executable} "$@"')
    assert find(MINOR) == (programs / f"python{MINOR}", platform.python_version())


def test_a_stand_in_that_only_tells_how_to_get_one_is_none(programs: Path) -> None:
    write(programs / "python3.1", "echo 'pyenv: python3.1: command not found' >&2; exit 127")
    write(programs / "python3.2", f'exec {sys.executable} "$@"')
    assert find("3.1") is None
    assert find("3.2") is None, "it is another Python than its name says"


def test_one_that_uv_knows_is_found(programs: Path) -> None:
    write(programs / "uv", f'[ "$2" = find ] && [ "$4" = {MINOR} ] && echo {sys.executable}')
    assert find(MINOR) == (Path(sys.executable), platform.python_version())


def test_one_that_uv_brings_is_found_and_in_vain_it_is_asked_once(programs: Path) -> None:
    log, brought = programs / "asked", programs / "brought"
    write(
        programs / "uv",
        f'echo "$2" >> {log}',
        f'[ "$2$3" = install{MINOR} ] && : > {brought} && exit 0',
        f'[ "$2$4" = find{MINOR} ] && [ -e {brought} ] && echo {sys.executable} && exit 0',
        "exit 1",
    )
    assert find(MINOR) == (Path(sys.executable), platform.python_version())
    assert find("3.3") is None
    assert find("3.3") is None
    assert log.read_text().split().count("install") == 2
