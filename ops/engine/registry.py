"""Which flow carries out which kind of operation. Flows register themselves here; the engine imports none of them."""

from ops.engine.steps import Flow

FLOWS: dict[str, Flow] = {}


def register(kind: str, flow: Flow) -> None:
    """Let ``flow`` carry out operations of this kind. Raises ValueError when another flow does already."""
    if FLOWS.setdefault(kind, flow) is not flow:
        raise ValueError(f"another flow carries out {kind} already")
