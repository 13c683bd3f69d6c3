"""Code assets: folders of source text that jobs and deployments run. Uploaded once for each content."""

from __future__ import annotations

import os
from pathlib import Path

from ops.azure import sdk, words
from ops.azure.connections import Connection
from ops.azure.edge import translate

_LEFT_OUT = {"__pycache__", ".git", ".ipynb_checkpoints", ".DS_Store"}


@translate()
def upload(connection: Connection, folder: Path) -> str:
    """Upload a folder unless the workspace has its content already (by SHA-256); the code asset's ARM id.

    Left out: compiled Python, .git, and what the folder's own .amlignore or .gitignore names. Two calls when it
    is there, else one for each file and five more.
    """
    sdk.load()
    from azure.ai.ml.entities._assets import Code

    code = Code(path=str(folder.resolve()), ignore_file=_SourceOnly(folder.resolve()))
    return words.text(connection.ml._code.create_or_update(code).id)


class _SourceOnly:
    """What the SDK asks of an ignore file, with our own list on top of the folder's."""

    def __init__(self, folder: Path) -> None:
        from azure.ai.ml._utils._asset_utils import get_ignore_file

        self._folder = folder
        self._own = get_ignore_file(folder)

    def is_file_excluded(self, file_path: str | os.PathLike[str]) -> bool:
        path = Path(file_path)
        is_ours = not _LEFT_OUT.isdisjoint(path.relative_to(self._folder).parts) or path.suffix in (".pyc", ".pyo")
        return is_ours or bool(self._own.is_file_excluded(path))
