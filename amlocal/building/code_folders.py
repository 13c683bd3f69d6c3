"""What the code of a job or of a deployment tells about the environment that it needs: whether it speaks of MLflow, and
the requirements files that lie in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from amlocal.building.requirement_files import Beside

LARGEST_FILE = 1024 * 1024
MOST_FILES = 5000
PROGRAMS = (".py", ".ipynb", ".sh", ".r", ".yml", ".yaml", "mlproject")
ASIDE = "the code: on Azure ML it is not there when the image is built, where a conda file comes alone"


def speaks_of(folder: Path, command: str, words: Sequence[str]) -> bool:
    """Whether the command or a program of the folder has one of the words, which are in small letters."""
    if any(word in command.lower() for word in words):
        return True
    programs = (file.read_bytes().lower() for file in _list(folder) if file.name.lower().endswith(PROGRAMS))
    return any(word.encode() in program for program in programs for word in words)


def beside(folder: Path) -> Beside:
    """Requirements files by their path in the folder, else by the end of their path where just one has it: nobody
    tells where in the folder the conda file lay."""

    def find(path: str) -> tuple[str, str] | None:
        wanted = Path(path).parts
        if ".." in wanted or Path(path).is_absolute():
            return None
        files = [file for file in _list(folder) if file.relative_to(folder).parts[-len(wanted) :] == wanted]
        whole = [file for file in files if file == folder / path]
        chosen = whole or (files if len(files) == 1 else [])
        if not chosen:
            return None
        return chosen[0].read_text(encoding="utf-8-sig", errors="replace"), chosen[0].relative_to(folder).as_posix()

    return Beside(find, ASIDE)


def of_model(folder: Path) -> Beside:
    """The files of an MLflow model, which are there on Azure as well."""
    return Beside(beside(folder).find)


def _list(folder: Path) -> list[Path]:
    found = []
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.is_symlink() and file.stat().st_size <= LARGEST_FILE:
            found.append(file)
            if len(found) == MOST_FILES:
                break
    return found
