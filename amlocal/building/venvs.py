"""Makes one virtual environment from pip requirements, by uv where it is on PATH, else by pip. Where environments are
kept and who waits for them is in builds.py.

Relaxed, it takes wheels, and loosens pins that have none for this Python; strict, it does what the file says or fails.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from amlocal import processes
from amlocal.building import companions

BUILD_SECONDS = 3600
POLL_SECONDS = 0.1
# What package installers listen to: mirrors, proxies, certificates, caches. Nothing else of ours reaches them.
_PASSED = re.compile(r"^(PIP_|UV_|XDG_|(HTTPS?|ALL|NO)_PROXY$|SSL_CERT_|REQUESTS_CA_BUNDLE$)", re.IGNORECASE)
_PINNED = re.compile(r"^(?P<name>[\w.\-]+\s*(?:\[[^\]]*\])?)\s*(?P<version>(?:[=~<>!]=?)[^;]*)(?P<marker>;.*)?$")


class BuildFailed(Exception):
    """The environment cannot be made; the log says why."""


@dataclass(frozen=True)
class Recipe:
    """`base` is the interpreter the environment is made from, `version` what it calls itself."""

    base: Path
    version: str
    requirements: tuple[str, ...]
    is_strict: bool


class Build:
    """One attempt in an empty folder; `warnings` are sentences about what was loosened."""

    def __init__(self, folder: Path, recipe: Recipe, stopping: threading.Event) -> None:
        self.folder = folder
        self.log = folder / "build.log"
        self.python = folder / "venv" / "bin" / "python"
        self.warnings: list[str] = []
        self._recipe = recipe
        self._stopping = stopping
        self._uv = shutil.which("uv")
        self._ends_at = time.monotonic() + BUILD_SECONDS

    def run(self) -> None:
        """Raises BuildFailed, or SystemExit when amlocal is stopping."""
        self._say(f"Building with Python {self._recipe.version} by {'uv' if self._uv else 'pip'}.")
        for line in self._recipe.requirements:
            # An index may come with a password.
            self._say(f"  {re.sub(r'//[^/@]*@', '//***@', line)}")
        if not self._call([str(self._recipe.base), "-m", "venv", str(self.folder / "venv")]):
            raise BuildFailed
        if not (self._install_strictly() if self._recipe.is_strict else self._install_wheels()):
            self._say("The environment could not be built.")
            raise BuildFailed
        self._tell_what_came()

    def _install_strictly(self) -> bool:
        return self._install(self._recipe.requirements)

    def _install_wheels(self) -> bool:
        wanted = self._recipe.requirements
        if self._install_with_companions(wanted, "--only-binary", ":all:"):
            return True
        self._say("Looking at each requirement alone.")
        loosened, needs_source = [], False
        for line in wanted:
            line, is_wheel = self._loosen(line)
            loosened.append(line)
            needs_source |= not is_wheel
        options = () if needs_source else ("--only-binary", ":all:")
        if (loosened != list(wanted) or needs_source) and self._install_with_companions(loosened, *options):
            return True
        free = [self._without_pin(line) for line in loosened]
        return free != loosened and self._install_with_companions(free)

    def _loosen(self, line: str) -> tuple[str, bool]:
        """The requirement as it is when that can be had, else what comes nearest; whether it comes as a wheel."""
        if line.startswith("-") or self._has_wheel(line):
            return line, True
        for free, told in _looser(line):
            if self._has_wheel(free):
                self._warn(f"'{line}' has no wheel for Python {self._recipe.version}; {told}.")
                return free, True
        self._say(f"'{line}' has no wheel at all for Python {self._recipe.version}: its source is tried.")
        return line, False

    def _without_pin(self, line: str) -> str:
        pinned = _PINNED.match(line)
        if pinned is None or line.startswith("-") or not re.search("==|~=|<", pinned["version"]):
            return line
        self._warn(f"'{line}' does not go together with the others; the version was left open.")
        return _join(pinned, "")

    def _install_with_companions(self, requirements: Sequence[str], *options: str) -> bool:
        added = companions.find(requirements, self._recipe.version)
        for line, reason in added:
            self._say(f"'{line}' is asked for besides: '{reason}' needs it.")
        return self._install([*requirements, *(line for line, _ in added)], *options)

    def _has_wheel(self, line: str) -> bool:
        options = [other for other in self._recipe.requirements if other.startswith("-")]
        return self._install([*options, line], "--dry-run", "--no-deps", "--only-binary", ":all:")

    def _install(self, requirements: Sequence[str], *options: str) -> bool:
        file = self.folder / "requirements.txt"
        file.write_text("".join(f"{line}\n" for line in requirements))
        if self._uv:
            command = [self._uv, "pip", "install", "--python", str(self.python)]
        else:
            command = [str(self.python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
        return self._call([*command, *options, "-r", str(file)])

    def _tell_what_came(self) -> None:
        self._say("Installed:")
        if not self._call([str(self.python), "-m", "pip", "--disable-pip-version-check", "list", "--format", "freeze"]):
            raise BuildFailed

    def _call(self, command: Sequence[str]) -> bool:
        """Runs a command with its output in the log; whether it went well."""
        self._say(f"$ {' '.join(command)}")
        child = processes.spawn(
            command, folder=self.folder / "process", directory=self.folder, environment=_environment(), log=self.log
        )
        while child.is_alive():
            if self._stopping.wait(POLL_SECONDS) or time.monotonic() > self._ends_at:
                processes.end(child)
                break
        if self._stopping.is_set():
            raise SystemExit
        if time.monotonic() > self._ends_at:
            self._say(f"Ended after {BUILD_SECONDS} seconds.")
            raise BuildFailed
        return child.exit_code() == 0

    def _warn(self, sentence: str) -> None:
        self._say(sentence)
        self.warnings.append(sentence)

    def _say(self, text: str) -> None:
        with self.log.open("a") as log:
            log.write(f"{text}\n")


def _looser(line: str) -> Iterator[tuple[str, str]]:
    """The requirement with newer releases up to the next major one, then with all; each with how that is told."""
    pinned = _PINNED.match(line)
    if pinned is None:
        return
    least = re.fullmatch(r"[=~]=\s*(?P<version>(?P<major>\d+)(\.\d+)*)(\.\*)?\s*", pinned["version"])
    if least:
        near = f">={least['version']},<{int(least['major']) + 1}"
        yield _join(pinned, near), f"'{near}' was taken"
    yield _join(pinned, ""), "the version was left open"


def _join(pinned: re.Match[str], version: str) -> str:
    return f"{pinned['name'].strip()}{version} {pinned['marker'] or ''}".strip()


def save(build: Build) -> None:
    """Marks a finished environment: one without this file is rubbish."""
    facts = build.folder / "facts.json"
    facts.with_suffix(".new").write_text(json.dumps({"warnings": build.warnings}))
    facts.with_suffix(".new").replace(facts)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if _PASSED.match(name)}
    home = Path(os.environ.get("HOME") or os.getcwd())
    return {**processes.clean_environment(home, temporary=Path(os.environ.get("TMPDIR") or "/tmp")), **kept}  # noqa: S108
