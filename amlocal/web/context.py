"""What a handler of this room may use. Each room above adds its own parts in a context.py of its own, so that a
function's signature says which parts it may touch; application.py builds the one that has them all."""

from __future__ import annotations

from dataclasses import dataclass

from amlocal.settings import Settings
from amlocal.web.controls import Controls
from amlocal.web.tokens import Tokens


@dataclass(frozen=True, kw_only=True)
class Context:
    settings: Settings
    tokens: Tokens
    controls: Controls
