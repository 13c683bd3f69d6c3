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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from amlocal import processes
from amlocal.building import companions, pins, satisfaction

BUILD_SECONDS = 3600
POLL_SECONDS = 0.1
# What package installers listen to: mirrors, proxies, certificates, caches. Nothing else of ours reaches them.
_PASSED = re.compile(r"^(PIP_|UV_|XDG_|(HTTPS?|ALL|NO)_PROXY$|SSL_CERT_|REQUESTS_CA_BUNDLE$)", re.IGNORECASE)


# Is there a wheel? Nothing is installed.
_LOOK = ("--dry-run", "--no-deps", "--only-binary", ":all:")


# The folder of a layer in that of its build.
LAYER = "layer"
_TRY = "import sys; sys.path.insert(0, sys.argv[1])\n"


class BuildFailed(Exception):
    """The environment cannot be made; the log says why."""


@dataclass(frozen=True)
class Recipe:
    """`base` is the interpreter the environment is made from, `version` what it calls itself. With
    `trial`, a program that tries the packages, it is a layer: no environment but a folder of packages to put before
    those of `base`, which has most of what they need."""

    base: Path
    version: str
    requirements: tuple[str, ...]
    is_strict: bool
    constraints: tuple[str, ...] = ()
    trial: str = ""


class Build:
    """One attempt in an empty folder; `warnings` are sentences about what was loosened."""

    def __init__(self, folder: Path, recipe: Recipe, stopping: threading.Event) -> None:
        self.folder = folder
        self.log = folder / "build.log"
        self.python = folder / "venv" / "bin" / "python"
        self.warnings: list[str] = []
        self._recipe = recipe
        self._constraints = recipe.constraints
        self._stopping = stopping
        self._uv = shutil.which("uv")
        self._ends_at = time.monotonic() + BUILD_SECONDS

    def run(self) -> None:
        """Raises BuildFailed, or SystemExit when amlocal is stopping."""
        self._say(f"Building with Python {self._recipe.version} by {'uv' if self._uv else 'pip'}.")
        for line in self._recipe.requirements:
            self._say(f"  {_hide(line)}")
        for line in self._constraints:
            self._say(f"  {_hide(line)} (constraint)")
        if not self._call([str(self._recipe.base), "-m", "venv", str(self.folder / "venv")]):
            raise BuildFailed
        install = self._install_strictly if self._recipe.is_strict else self._install_wheels
        if not (self._install_layer() if self._recipe.trial else install()):
            self._say("The environment could not be built.")
            raise BuildFailed
        if not self._recipe.trial:
            self._tell_what_came()

    def _install_strictly(self) -> bool:
        return self._install(self._recipe.requirements)

    def _install_layer(self) -> bool:
        """The packages alone where that will do; else with what they need and the base has in no release that they
        take."""
        folder = self.folder / LAYER
        lines = list(self._recipe.requirements)
        options = ("--only-binary", ":all:", "--no-deps", "--target", str(folder))
        for _ in range(2):
            shutil.rmtree(folder, ignore_errors=True)
            if not self._install(lines, *options):
                return False
            if self._call([str(self._recipe.base), "-c", f"{_TRY}{self._recipe.trial}", str(folder)]):
                return True
            lines += satisfaction.find_unmet(self._recipe.base, folder)
        return False

    def _install_wheels(self) -> bool:
        """As it is asked for; with what comes nearest to each pin that has no wheel; with pins that go together."""
        wanted = list(self._recipe.requirements)
        if self._install_with_companions(wanted, "--only-binary", ":all:"):
            return True
        self._say("Looking at each requirement alone.")
        loosened, needs_source = [], False
        for line in wanted:
            line, is_wheel = self._loosen(line)
            loosened.append(line)
            needs_source |= not is_wheel
        if (
            loosened != wanted
            and not needs_source
            and self._install_with_companions(loosened, "--only-binary", ":all:")
        ):
            return True
        # Something that they need may have no wheel.
        if self._install_with_companions(loosened):
            return True
        near = [self._widen(line, pins.same_major) for line in loosened]
        if near != loosened and self._install_with_companions(near):
            return True
        free = [self._widen(line, lambda pin: "") for line in near]
        if free != near and self._install_with_companions(free):
            return True
        return bool(self._constraints) and self._install_without_constraints()

    def _install_without_constraints(self) -> bool:
        told = ", ".join(self._constraints)
        self._warn(f"The constraints do not go together with the rest and were left out: {told}.")
        self._constraints = ()
        return self._install_wheels()

    def _loosen(self, line: str) -> tuple[str, bool]:
        """The requirement as it is when that can be had, else what comes nearest; whether it comes as a wheel."""
        if line.startswith("-") or self._has_wheel(line):
            return line, True
        if name := pins.renamed(line):
            self._warn(f"'{line}' is called '{name}' today.")
            return self._loosen(name)
        pin = pins.read(line)
        if pin is not None:
            version = pins.next_release(pin, self._list_versions(pin))
            if version or self._has_wheel(pin.other("")):
                told = f"'{version}' was taken" if version else "the version was left open"
                self._warn(f"'{line}' has no wheel for Python {self._recipe.version}; {told}.")
                return pin.other(version), True
        self._say(f"'{line}' has no wheel at all for Python {self._recipe.version}: its source is tried.")
        return line, False

    def _widen(self, line: str, widened: Callable[[pins.Pin], str]) -> str:
        pin = pins.read(line)
        if pin is None or not pin.is_capped:
            return line
        version = widened(pin)
        if version == pin.version:
            return line
        told = f"'{version}' was asked for" if version else "the version was left open"
        self._warn(f"'{line}' does not go together with the others; {told}.")
        return pin.other(version)

    def _list_versions(self, pin: pins.Pin) -> list[str]:
        """Those that have a wheel for this Python: pip tells them when it finds none that fits, uv never does."""
        told = self.folder / "versions.txt"
        told.unlink(missing_ok=True)
        self._install_by_pip([*self._options, f"{pin.package}{pin.version}"], *_LOOK, log=told)
        found = re.search(r"\(from versions: (.*?)\)", told.read_text())
        return found[1].split(", ") if found else []

    @property
    def _options(self) -> list[str]:
        return [line for line in self._recipe.requirements if line.startswith("-")]

    def _install_with_companions(self, requirements: Sequence[str], *options: str) -> bool:
        added = companions.find(requirements, self._recipe.version, self._constraints)
        for line, reason in added:
            self._warn(f"'{line}' is asked for besides: '{reason}' needs it.")
        return self._install([*requirements, *(line for line, _ in added)], *options)

    def _has_wheel(self, line: str) -> bool:
        return self._install([*self._options, line], *_LOOK)

    def _install(self, requirements: Sequence[str], *options: str) -> bool:
        if not self._uv:
            return self._install_by_pip(requirements, *options)
        command = [self._uv, "pip", "install", "--python", str(self.python)]
        return self._call([*command, *options, *self._constrain(options), "-r", self._write(requirements)])

    def _install_by_pip(self, requirements: Sequence[str], *options: str, log: Path | None = None) -> bool:
        command = [str(self.python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
        return self._call([*command, *options, *self._constrain(options), "-r", self._write(requirements)], log)

    def _constrain(self, options: Sequence[str]) -> list[str]:
        """The option that names the constraints; none where only one requirement is looked at."""
        if not self._constraints or "--no-deps" in options:
            return []
        file = self.folder / "constraints.txt"
        file.write_text("".join(f"{line}\n" for line in self._constraints))
        return ["-c", str(file)]

    def _write(self, requirements: Sequence[str]) -> str:
        file = self.folder / "requirements.txt"
        file.write_text("".join(f"{line}\n" for line in requirements))
        return str(file)

    def _tell_what_came(self) -> None:
        self._say("Installed:")
        if not self._call([str(self.python), "-m", "pip", "--disable-pip-version-check", "list", "--format", "freeze"]):
            raise BuildFailed

    def _call(self, command: Sequence[str], log: Path | None = None) -> bool:
        """Runs a command with its output in the log, or another file; whether it went well."""
        self._say(f"$ {_hide(' '.join(command))}")
        child = processes.spawn(
            command,
            folder=self.folder / "process",
            directory=self.folder,
            environment=environment(),
            log=log or self.log,
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
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def _say(self, text: str) -> None:
        with self.log.open("a") as log:
            log.write(f"{text}\n")


def save(build: Build) -> None:
    """Marks a finished environment: one without this file is rubbish."""
    facts = build.folder / "facts.json"
    facts.with_suffix(".new").write_text(json.dumps({"warnings": build.warnings}))
    facts.with_suffix(".new").replace(facts)


def _hide(text: str) -> str:
    """An index may come with a password."""
    return re.sub(r"//[^/@\s]*@", "//***@", text)


def environment() -> dict[str, str]:
    """What an installer sees: the cleaned environment, with the settings of mirrors and proxies."""
    kept = {name: value for name, value in os.environ.items() if _PASSED.match(name)}
    home = Path(os.environ.get("HOME") or os.getcwd())
    return {**processes.clean_environment(home, temporary=Path(os.environ.get("TMPDIR") or "/tmp")), **kept}  # noqa: S108
