"""What a handler of this room may use: records and blobs, and what the room below has."""

from __future__ import annotations

from dataclasses import dataclass

from amlocal.storage.blobs import Blobs
from amlocal.storage.store import Store
from amlocal.web.context import Context as WebContext


@dataclass(frozen=True, kw_only=True)
class Context(WebContext):
    store: Store
    blobs: Blobs
