"""What a Dockerfile installs by pip and conda, read without running it. What else it does is left out, and told."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from amlocal.building import conda_files, requirement_files
from amlocal.building.conda_files import BrokenFile
from amlocal.building.requirement_files import Beside

NOTE = "amlocal runs no Dockerfile: of this one, only what it installs by pip and conda is used."
_PIP = re.compile(
    r"^(?:conda\s+run\s.*?|\S*python[\d.]*\s+-m\s+|uv\s+|sudo\s+)*(?:\S*/)?pip[\d.]*\s+install\s(?P<rest>.*)$"
)
_CONDA = re.compile(r"^(?:\S*/)?(?:conda|mamba|micromamba)\s+env\s+(?:create|update)\s(?P<rest>.*)$")
# Options whose value is the next word; those of pip that say where packages come from are kept.
_PLACES = ("-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--trusted-host")
_WITH_VALUE = ("-t", "--target", "--prefix", "--timeout", "--retries", "--root", "--cache-dir")
# Of these, the file or the folder is the next word as well.
_NAMING = ("-r", "--requirement", "-c", "--constraint", "-e", "--editable")
_KEPT = (*(f"{name}=" for name in (*_NAMING, *_PLACES) if name.startswith("--")), "-r", "-c", "-e")
# Variables that point into the image.
_OF_IMAGE = {"PATH", "HOME", "PYTHONPATH", "CONDA_DEFAULT_ENV", "CONDA_PREFIX", "VIRTUAL_ENV", "TMPDIR"}
_TOOLS = ("pip", "setuptools", "wheel")


@dataclass(frozen=True)
class Steps:
    """`image` is what the last stage is made from; the others are as a conda file's."""

    image: str
    requirements: tuple[str, ...]
    python: str
    skipped: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


def read(text: str, find: Callable[[str], str | None]) -> Steps:
    """`find` gives the text of a file of the build context. Raises BrokenFile for a conda file that is none."""
    image, python = "", ""
    variables: dict[str, str] = {}
    requirements: list[str] = []
    constraints: list[str] = []
    skipped = [NOTE]
    for keyword, rest in _instructions(text):
        if keyword == "FROM":
            image = next(word for word in [*rest.split(), ""] if not word.startswith("--"))
            variables = {}
        elif keyword == "ENV":
            variables |= _read_variables(rest)
        elif keyword == "RUN":
            for command in re.split(r"&&|;|\|\||\n", rest):
                wanted = _read_command(command.strip(), find)
                requirements += wanted.requirements
                constraints += wanted.constraints
                python = wanted.python or python
                skipped += wanted.skipped
    return Steps(
        image, tuple(dict.fromkeys(requirements)), python, tuple(skipped), tuple(dict.fromkeys(constraints)), variables
    )


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    whole = re.sub(r"^\s*#.*\n?", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    for line in whole.splitlines():
        keyword, _, rest = line.strip().partition(" ")
        if keyword:
            yield keyword.upper(), rest.strip()


def _read_variables(rest: str) -> dict[str, str]:
    """`ENV a=b c="d e"`, or the old `ENV a b c`. Values with `$` or a folder of the image mean nothing here."""
    first = rest.split(maxsplit=1)
    pairs = [word.partition("=")[::2] for word in _split(rest)] if "=" in first[0] else [(first[0], "".join(first[1:]))]
    return {name: value for name, value in pairs if name not in _OF_IMAGE and "$" not in value and "/" not in value}


def _read_command(command: str, find: Callable[[str], str | None]) -> conda_files.Wanted:
    if found := _CONDA.match(command):
        words = _split(found["rest"])
        file = _value_of(words, ("-f", "--file")) or "environment.yml"
        content = _find(file, find)
        beside = _beside(find, posixpath.dirname(file))
        return conda_files.read(content[0], beside) if content else _missing(file)
    if found := _PIP.match(command):
        return _read_pip(_split(found["rest"]), find)
    return conda_files.Wanted(())


def _read_pip(words: list[str], find: Callable[[str], str | None]) -> conda_files.Wanted:
    lines: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in (*_NAMING, *_PLACES):
            lines.append(f"{word} {next(rest, '')}")
        elif word in _WITH_VALUE:
            next(rest, "")
        elif word.startswith("-"):
            lines += [word] if word.startswith(_KEPT) else []
        elif re.split(r"[^\w.\-]", word.lower())[0] not in _TOOLS:
            lines.append(word)
    found = requirement_files.read(lines, _beside(find, ""))
    return conda_files.Wanted(tuple(found.requirements), "", tuple(found.skipped), constraints=tuple(found.constraints))


def _split(rest: str) -> list[str]:
    try:
        return shlex.split(rest)
    except ValueError as exc:
        raise BrokenFile(f"The Dockerfile has a command that cannot be read: {rest}") from exc


def _value_of(words: list[str], names: tuple[str, ...]) -> str:
    for number, word in enumerate(words):
        name, _, value = word.partition("=")
        if name in names:
            return value or (words[number + 1] if number + 1 < len(words) else "")
    return ""


def _find(path: str, find: Callable[[str], str | None]) -> tuple[str, str] | None:
    """A file as it lay before it was copied into the image; a guess, as COPY is not followed: most are copied under
    their own path, or from the top of the context under their own name."""
    for place in dict.fromkeys((path.removeprefix("./").lstrip("/"), posixpath.basename(path))):
        text = find(place)
        if text is not None:
            return text, place
    return None


def _beside(find: Callable[[str], str | None], folder: str) -> Beside:
    return Beside(lambda path: _find(posixpath.join(folder, path), find))


def _missing(file: str) -> conda_files.Wanted:
    return conda_files.Wanted((), skipped=(f"The build context has no '{file}'; it was skipped.",))
