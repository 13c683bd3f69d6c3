"""The folders of a deployment, `{root}/{number}/{generation}`: one for each time it was laid out anew, with the logs
and the marks of its processes. Which generation serves is decided in fleets.py."""

from __future__ import annotations

import shutil
from pathlib import Path

from amlocal import processes

LOG_BYTES = 1_000_000


def place(root: Path, number: int, generation: int) -> Path:
    return root / str(number) / str(generation)


def newest_first(root: Path, number: int) -> list[Path]:
    folders = [folder for folder in (root / str(number)).glob("*") if folder.name.isdigit()]
    return sorted(folders, key=lambda folder: -int(folder.name))


def following(root: Path, number: int) -> int:
    return 1 + max((int(folder.name) for folder in newest_first(root, number)), default=0)


def end_strays(root: Path, number: int, *, keep: int, instances: int = 0) -> None:
    """Ends the processes of starts that were not finished, or of generations no longer wanted; of the generation to
    keep, those beyond the first `instances`."""
    for folder in newest_first(root, number):
        first = instances if int(folder.name) == keep else 0
        places = [place for place in folder.glob("instances/*") if int(place.name) >= first]
        found = [processes.find(place) for place in places]
        processes.end_all([child for child in found if child is not None])


def clear(root: Path, number: int, *, keep: int) -> None:
    for folder in newest_first(root, number):
        if int(folder.name) != keep:
            shutil.rmtree(folder, ignore_errors=True)


def forget(root: Path, number: int) -> None:
    end_strays(root, number, keep=0)
    shutil.rmtree(root / str(number), ignore_errors=True)


def read_log(root: Path, number: int, container: str, tail: int) -> str:
    """The last lines that a container said in the last start that was tried; "" when it said nothing."""
    for folder in newest_first(root, number):
        file = folder / "logs" / f"{container}.log"
        if file.exists():
            with file.open("rb") as content:
                content.seek(max(0, file.stat().st_size - LOG_BYTES))
                lines = content.read().decode(errors="replace").splitlines()
            return "\n".join([f"Instance status:\n{container}: see below\n", *lines[-tail:]]) + "\n" if lines else ""
    return ""
