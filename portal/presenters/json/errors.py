"""The JSON form of what went wrong with a row."""

from ops.messages import Explanation


def error(explanation: Explanation | None) -> dict[str, str] | None:
    return explanation.as_json() if explanation else None
