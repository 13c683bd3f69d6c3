"""Lines for pip as a requirements file or a conda file has them, with the files that they name (`-r`, `-c`) read in
their place. What cannot be had where an environment is built, such as a folder of the author's machine, is told."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

_NAMED = re.compile(r"(?:(-r|-c|-e)\s*=?\s*|(--requirement|--constraint|--editable)(?:\s+|\s*=\s*))(?P<value>\S.*)$")
_LONG = {"--requirement": "-r", "--constraint": "-c", "--editable": "-e"}
_LINKS = re.compile(r"(?:-f\s*=?\s*|--find-links(?:\s+|\s*=\s*))(?P<value>\S.*)$")
_REMOTE = re.compile(r"(?:(?:git|hg|svn|bzr)\+)?(?:https?|ssh|git|svn)://|git\+[\w.-]+@", re.IGNORECASE)
_ADDRESSED = re.compile(r"[\w.\-]+\s*(?:\[[^\]]*\])?\s*@\s*(?P<value>\S.*)$")
_ARCHIVE = re.compile(r"\.(?:whl|zip|tar\.gz|tgz|tar\.bz2)\b", re.IGNORECASE)
_EGG = re.compile(r"#(?:.*&)?egg=([\w.\-]+(?:\[[^\]]*\])?)")


@dataclass(frozen=True)
class Beside:
    """The files that lie where a file is read from. `find` gives the text of one by its path and "" or another path
    under which it was found; None when there is none. `aside` tells why such a file is not there on Azure: it is read
    all the same, and told."""

    find: Callable[[str], tuple[str, str] | None] = lambda path: None
    aside: str = ""


NOTHING = Beside()


@dataclass
class Lines:
    """`requirements` with pip's options among them; `skipped` are sentences."""

    requirements: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def split(text: str) -> list[str]:
    """The lines of a requirements.txt: comments go, continued lines are joined."""
    lines = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in text.replace("\\\n", " ").splitlines())
    return [line for line in lines if line]


def read(lines: Sequence[str], beside: Beside = NOTHING) -> Lines:
    """What pip is asked for by these lines and by the files that they name, each file once."""
    found = Lines()
    _Reader(beside, found).read(lines, "", is_constraint=False)
    found.requirements = list(dict.fromkeys(found.requirements))
    found.constraints = list(dict.fromkeys(found.constraints))
    return found


@dataclass
class _Reader:
    beside: Beside
    found: Lines
    seen: set[tuple[str, bool]] = field(default_factory=set)

    def read(self, lines: Sequence[str], folder: str, *, is_constraint: bool) -> None:
        """`folder` is where the file with these lines lies: pip takes paths from there."""
        for line in lines:
            named = _NAMED.match(line)
            if named is None:
                self._take(line, is_constraint=is_constraint)
                continue
            option = named[1] or _LONG[named[2]]
            value = named["value"].strip().strip("'\"")
            if option == "-e":
                self._take_editable(line, value)
            else:
                self._read_file(line, value, folder, is_constraint=is_constraint or option == "-c")

    def _read_file(self, line: str, value: str, folder: str, *, is_constraint: bool) -> None:
        if _REMOTE.match(value):
            # pip fetches it itself.
            self.found.requirements.append(line)
            return
        path = posixpath.normpath(posixpath.join(folder, re.sub(r"^file:(//)?", "", value)))
        if (path, is_constraint) in self.seen:
            return
        self.seen.add((path, is_constraint))
        text = self.beside.find(path)
        if text is None:
            self._skip(line, "there is no such file where the environment is built")
            return
        if self.beside.aside:
            place = f" ('{text[1]}')" if text[1] not in ("", value) else ""
            self.found.skipped.append(f"'{line}' was read from {self.beside.aside}{place}.")
        self.read(split(text[0]), posixpath.dirname(path), is_constraint=is_constraint)

    def _take_editable(self, line: str, value: str) -> None:
        if not _REMOTE.match(value):
            self._skip(line, "there is no such folder where the environment is built")
            return
        # Nobody edits it here: it is installed as it is, under the name that the address gives it.
        egg = _EGG.search(value)
        self.found.requirements.append(f"{egg[1]} @ {value.partition('#')[0]}" if egg else value)

    def _take(self, line: str, *, is_constraint: bool) -> None:
        links = _LINKS.match(line)
        if links and _is_relative(links["value"].strip("'\"")):
            self._skip(line, "there is no such folder where the environment is built")
        elif line.startswith("-"):
            self.found.requirements.append(line)
        elif _is_local(line):
            self._skip(line, "it is not there where the environment is built")
        else:
            (self.found.constraints if is_constraint else self.found.requirements).append(line)

    def _skip(self, line: str, reason: str) -> None:
        self.found.skipped.append(f"'{line}' was left out: {reason}.")


def _is_relative(value: str) -> bool:
    return not _REMOTE.match(value) and not value.startswith(("/", "file:///"))


def _is_local(line: str) -> bool:
    """A path, or a name at a path: pip takes both for packages."""
    addressed = _ADDRESSED.match(line)
    value = re.split(r";|\s--", addressed["value"] if addressed else line)[0].strip()
    if _REMOTE.match(value):
        return False
    is_path = value.startswith((".", "/", "~", "$", "file:")) or _ARCHIVE.search(value) is not None
    return addressed is not None or is_path or "/" in value
