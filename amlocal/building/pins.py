"""Requirements that say a version, and what comes nearest to one that cannot be had. Asking what can be had is in
venvs.py."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_PIN = re.compile(r"^(?P<name>[\w.\-]+\s*(?:\[[^\]]*\])?)\s*(?P<version>[=~<>!]=?[^;]*?)\s*(?P<marker>;.*)?$")
_NUMBER = re.compile(r"[=~<>]=?\s*(\d+(?:\.\d+)*)")
_RELEASE = re.compile(r"\d+(\.\d+)*(\.post\d+)?$")


# Names that PyPI has given up, and what has them now.
_RENAMED = {"sklearn": "scikit-learn", "tensorflow-gpu": "tensorflow"}


@dataclass(frozen=True)
class Pin:
    """A requirement in its parts; `name` may have extras."""

    name: str
    version: str
    marker: str

    @property
    def package(self) -> str:
        return self.name.partition("[")[0].strip()

    @property
    def is_capped(self) -> bool:
        return re.search("==|~=|<", self.version) is not None

    @property
    def number(self) -> tuple[int, ...]:
        """The highest version that it names."""
        return max((_parts(text) for text in _NUMBER.findall(self.version)), default=())

    def other(self, version: str) -> str:
        """The same requirement with another version, or with none."""
        return f"{self.name.strip()}{version} {self.marker}".strip()


def read(line: str) -> Pin | None:
    """None for options and for requirements that say no version."""
    found = None if line.startswith("-") else _PIN.match(line)
    return Pin(found["name"], found["version"], found["marker"] or "") if found else None


def renamed(line: str) -> str:
    """The requirement under today's name; "" when the name was not given up."""
    found = re.match(r"[\w.\-]+", line)
    name = _RENAMED.get(found[0].lower().replace("_", "-")) if found else None
    return f"{name}{line[found.end() :]}" if found and name else ""


def next_release(pin: Pin, versions: Iterable[str]) -> str:
    """`==` the version that comes next to what a pin asks for: of the first newer minor release, the newest; "" when
    there is none. Packages of one time go together: the newest of all would rarely do."""
    newer = sorted((_parts(text), text) for text in versions if _RELEASE.match(text) and _parts(text) > pin.number)
    line = [text for parts, text in newer if parts[:2] == newer[0][0][:2]]
    return f"=={line[-1]}" if line and pin.number else ""


def same_major(pin: Pin) -> str:
    """For a pin of one version, all from that up to the next major release; ranges stay as they are."""
    if not re.match("==|~=", pin.version):
        return pin.version
    return f">={'.'.join(map(str, pin.number))},<{pin.number[0] + 1}"


def _parts(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))
