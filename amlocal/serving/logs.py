"""What getLogs answers: how far the last start came, in Azure's words, and the last lines that a container said."""

from __future__ import annotations

from pathlib import Path

LOG_BYTES = 1_000_000
DONE, UNDER_WAY, WAITING = "Succeeded", "InProgress", "Waiting"


def read(folders: list[Path], container: str, tail: int, *, is_serving: bool) -> str:
    """`folders`: the generations of a deployment, newest first. "" while the container has said nothing."""
    for folder in folders:
        lines = _read_lines(folder / "logs" / f"{container}.log")
        if lines is not None:
            status = _describe(folder, is_serving=is_serving)
            return "\n".join(["Instance status:", *status, "", "Container logs:", *lines[-tail:], ""]) if lines else ""
    return ""


def _describe(folder: Path, *, is_serving: bool) -> list[str]:
    """A step that failed stays under way, as Azure tells it: its pods try again."""
    said = "\n".join(_read_lines(folder / "logs" / "storage-initializer.log") or [])
    # It is written when everything is on disk, the environment too.
    is_laid_out = (folder / "layout.json").exists()
    is_downloaded = is_laid_out or "Downloading model" not in said or "Model is in" in said
    start = DONE if is_serving else UNDER_WAY if is_laid_out else WAITING
    return [
        f"SystemSetup: {DONE}",
        f"UserContainerImagePull: {DONE if is_laid_out else UNDER_WAY}",
        f"ModelDownload: {DONE if is_downloaded else UNDER_WAY}",
        f"UserContainerStart: {start}",
    ]


def _read_lines(file: Path) -> list[str] | None:
    """None when there is no such log."""
    try:
        with file.open("rb") as content:
            content.seek(max(0, file.stat().st_size - LOG_BYTES))
            return content.read().decode(errors="replace").splitlines()
    except OSError:
        return None
