"""Compiles the message catalogues with Babel's command line, which the portal's own environment has."""

from pathlib import Path

from launch.setup import commands, environments


def are_compiled(root: Path) -> bool:
    """Whether each catalogue has a compiled file that is not older than itself."""
    catalogs = sorted((root / "locale").rglob("*.po"))
    return all(
        path.with_suffix(".mo").exists() and path.with_suffix(".mo").stat().st_mtime >= path.stat().st_mtime
        for path in catalogs
    )


def compile_all(what: str, root: Path, log: Path) -> None:
    """Write the .mo file beside each catalogue. Raises Problem."""
    babel = (environments.python(root / ".venv"), "-m", "babel.messages.frontend", "--quiet")
    compiling = (*babel, "compile", "--directory", "locale", "--domain", "django")
    commands.run(what, compiling, log=log, directory=root)
