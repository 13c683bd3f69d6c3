"""``python -m launch.formatting [--check]``: formats Python, templates, CSS and JavaScript, or checks them.

Each formatter reads its own settings: ruff and djlint in pyproject.toml, Prettier in package.json, ESLint in
eslint.config.mjs. They are installed by ``script/setup --dev``.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from launch import console
from launch.setup import npm_packages
from portal.env import ROOT

LOG = ROOT / ".setup" / "setup.log"
SCRIPTS = ("static/js", "build.mjs", "eslint.config.mjs")


def commands(root: Path, node: str, is_check: bool) -> list[list[str | Path]]:
    """Return the command of each formatter; none of them changes a file when ``is_check``."""
    programs, packages = Path(sys.executable).parent, root / "node_modules"
    prettier, eslint = packages / "prettier" / "bin" / "prettier.cjs", packages / "eslint" / "bin" / "eslint.js"
    # With --warn, a template that was changed is no failure.
    return [
        [programs / "ruff", "format", ".", *(["--check"] if is_check else [])],
        [programs / "djlint", "templates", *(["--check"] if is_check else ["--reformat", "--quiet", "--warn"])],
        [node, eslint, *SCRIPTS, *([] if is_check else ["--fix"])],
        [node, prettier, "static/css", *SCRIPTS, "--log-level=warn", "--check" if is_check else "--write"],
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/format", description="Format Python, templates, CSS and JavaScript.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail when something is not formatted")
    is_check = parser.parse_args().check
    node, _npm = npm_packages.find_node(ROOT, LOG)
    codes = [subprocess.run(command, cwd=ROOT, check=False).returncode for command in commands(ROOT, node, is_check)]
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(console.run(main))
