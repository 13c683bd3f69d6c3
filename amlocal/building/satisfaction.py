"""Whether an interpreter already has what an environment asks for: asked in that interpreter, of its installed
metadata. Nothing is imported or changed there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

SECONDS = 60
# Other builds of the same modules: either will do.
STAND_INS = {
    "opencv-python": ("opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"),
    "opencv-python-headless": ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless"),
    "tensorflow": ("tensorflow-cpu", "tensorflow-intel", "tensorflow-macos", "tensorflow-gpu"),
    "tensorflow-cpu": ("tensorflow", "tensorflow-intel", "tensorflow-macos"),
    "tensorflow-gpu": ("tensorflow", "tensorflow-intel", "tensorflow-macos"),
}
NOTED = ("mlflow", "mlflow-skinny", "tensorflow", "tf-keras", "pyarrow")
# Runs in the other interpreter. An extra's own requirements count; other dependencies are what pip made of them.
_SCRIPT = r"""
import json, platform, re, sys
from importlib import metadata
try:
    from packaging.requirements import InvalidRequirement, Requirement
except ImportError:
    try:
        from pip._vendor.packaging.requirements import InvalidRequirement, Requirement
    except ImportError:
        lacking = ["the package packaging, to compare with, is not there"]
        sys.exit(json.dump({"version": platform.python_version(), "lacking": lacking}, sys.stdout))

asked = json.load(sys.stdin)

def find(name):
    key = re.sub(r"[-_.]+", "-", name).lower()
    for name in (name, *asked["stand_ins"].get(key, ())):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            pass

def lacks(text, extra=""):
    wanted = Requirement(text)
    if wanted.marker and not (wanted.marker.evaluate({"extra": extra}) and (
        not extra or not wanted.marker.evaluate({"extra": ""}))):
        return
    if extra and not wanted.marker:
        return
    version = find(wanted.name)
    if version is None:
        yield f"{wanted.name} is not there"
        return
    if wanted.url:
        yield f"{wanted.name} comes from an address"
    elif not wanted.specifier.contains(version, prereleases=True):
        yield f"{wanted.name} is {version}, not {wanted.specifier}"
    for name in wanted.extras:
        for inner in metadata.requires(wanted.name) or []:
            yield from lacks(inner, name)

def breaks(text):
    wanted = Requirement(text)
    if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
        version = find(wanted.name)
        if version and not wanted.specifier.contains(version, prereleases=True):
            yield f"{wanted.name} is {version}, not {wanted.specifier}"

found = []
for line in asked["constraints"]:
    try:
        found += breaks(line)
    except InvalidRequirement:
        pass
for line in asked["lines"]:
    try:
        found += lacks(line)
    except InvalidRequirement:
        found.append(f"{line!r} cannot be read")
versions = {name: find(name) for name in asked["noted"] if find(name)}
json.dump({"version": platform.python_version(), "lacking": found, "versions": versions}, sys.stdout)
"""


@dataclass(frozen=True)
class Answer:
    """`version` such as 3.11.7; `lacking` is a phrase for each requirement that is not met, none when all are.
    `versions` are those of the packages in NOTED that it has."""

    version: str
    lacking: tuple[str, ...]
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def minor(self) -> str:
        return ".".join(self.version.split(".")[:2])


def find_unmet(python: Path, folder: Path) -> list[str]:
    """What the packages in a folder need and this interpreter lacks, as lines for pip. Raises OSError."""
    needed = [
        line.removeprefix("Requires-Dist:").strip()
        for file in folder.glob("*.dist-info/METADATA")
        for line in file.read_text(errors="replace").splitlines()
        if line.startswith("Requires-Dist:") and "extra ==" not in line
    ]
    return [line for line in dict.fromkeys(needed) if ask(python, [line]).lacking]


def ask(python: Path, requirements: Sequence[str], constraints: Sequence[str] = ()) -> Answer:
    """Raises OSError when there is no such interpreter or it cannot tell."""
    # Options and hashes say where from, not what; a file that only pip can fetch may say anything.
    plain = [
        line.split(" --")[0].strip()
        for line in requirements
        if not line.startswith("-") or line.startswith(("-r", "-c", "--requirement", "--constraint"))
    ]
    try:
        told = subprocess.run(
            [str(python), "-I", "-c", _SCRIPT],
            input=json.dumps(
                {"lines": plain, "constraints": list(constraints), "stand_ins": STAND_INS, "noted": NOTED}
            ),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise OSError(f"{python} did not answer within {SECONDS} seconds.") from exc
    if told.returncode != 0:
        raise OSError(f"{python} cannot tell what it has: {told.stderr.strip()[-300:]}")
    facts = json.loads(told.stdout)
    return Answer(facts["version"], tuple(facts["lacking"]), facts.get("versions") or {})
