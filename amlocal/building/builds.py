"""The environments that were built, kept by what they are made of. Jobs and deployments that want the same one wait
for the same build. How one is made is in venvs.py."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from amlocal import processes
from amlocal.building.venvs import LAYER, Build, BuildFailed, Recipe, save

log = logging.getLogger("amlocal.builds")

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Built:
    """An environment to run with; `warnings` are sentences for whoever asked for it. The packages in the folders
    `layers` come before the Python's own; `variables` are what its image sets."""

    python: Path
    warnings: tuple[str, ...]
    layers: tuple[Path, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Progress:
    """One build that is under way, and those who wait for it."""

    folder: Path
    ended: threading.Event = field(default_factory=threading.Event)
    failure: BaseException | None = None


class Builds:
    """Thread-safe. One folder for each environment, named after its content."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._under_way: dict[str, Progress] = {}
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Ends what is being built; whoever waits gets SystemExit and asks again at the next start."""
        self._stopping.set()
        with self._lock:
            under_way = list(self._under_way.values())
        for progress in under_way:
            progress.ended.wait(10)

    def need(self, recipe: Recipe, target: Path, pulse: Callable[[], None]) -> Built:
        """The environment, built now if nobody did before. Its log grows at the end of the file `target`; `pulse` is
        called while it does. Raises BuildFailed, SystemExit when amlocal stops, and whatever `pulse` raises."""
        name = _name(recipe)
        folder = self._folder / name
        progress = self._begin(name, folder, recipe)
        if progress is None:
            _append(f"Environment {name} was built before:\n".encode(), target)
        else:
            seen = 0
            while not progress.ended.wait(POLL_SECONDS):
                seen += _copy_growth(folder / "build.log", seen, target)
                pulse()
            _copy_growth(folder / "build.log", seen, target)
            if progress.failure is not None:
                raise progress.failure
            return _read(folder)
        _copy_growth(folder / "build.log", 0, target)
        return _read(folder)

    def _begin(self, name: str, folder: Path, recipe: Recipe) -> Progress | None:
        """None when it is there already."""
        with self._lock:
            if name in self._under_way:
                return self._under_way[name]
            if (folder / "facts.json").exists():
                return None
            progress = self._under_way[name] = Progress(folder)
        threading.Thread(target=self._build, args=(name, progress, recipe), name=f"build-{name}", daemon=True).start()
        return progress

    def _build(self, name: str, progress: Progress, recipe: Recipe) -> None:
        try:
            # What a killed amlocal left may still be at work.
            stray = processes.find(progress.folder / "process")
            if stray is not None:
                processes.end(stray)
            shutil.rmtree(progress.folder, ignore_errors=True)
            progress.folder.mkdir(parents=True)
            build = Build(progress.folder, recipe, self._stopping)
            build.run()
            save(build)
        except (BuildFailed, SystemExit) as exc:
            progress.failure = exc
        except Exception:
            log.exception("environment %s could not be built", name)
            progress.failure = BuildFailed()
        finally:
            with self._lock:
                self._under_way.pop(name, None)
            progress.ended.set()


def _name(recipe: Recipe) -> str:
    facts = [str(recipe.base), recipe.version, recipe.requirements, recipe.is_strict]
    facts += [recipe.constraints] if recipe.constraints else []
    facts += ["layer"] if recipe.trial else []
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:20]


def _read(folder: Path) -> Built:
    facts = json.loads((folder / "facts.json").read_text())
    layer = folder / LAYER
    return Built(folder / "venv" / "bin" / "python", tuple(facts["warnings"]), (layer,) if layer.is_dir() else ())


def _copy_growth(source: Path, seen: int, target: Path) -> int:
    try:
        with source.open("rb") as file:
            file.seek(seen)
            grown = file.read()
    except FileNotFoundError:
        return 0
    _append(grown, target)
    return len(grown)


def _append(content: bytes, target: Path) -> None:
    with target.open("ab") as file:
        file.write(content)
