"""MLflow's search words (`metrics.loss < 0.1 and tags.stage = 'x'`, `metrics.loss DESC`) turned into SQL over
runs.py's and metrics.py's tables.

Conditions are joined by AND only, as MLflow defines it. Values always travel as parameters.
"""

import re
from typing import Any

from amlocal.web.http import ArmError

_STATUSES = {
    "SCHEDULED": ("NotStarted", "Starting", "Provisioning", "Preparing", "Queued"),
    "RUNNING": ("Running", "Finalizing", "CancelRequested"),
    "FINISHED": ("Completed",),
    "FAILED": ("Failed",),
    "KILLED": ("Canceled",),
}
_ATTRIBUTES = {
    "run_id": "r.id",
    "run_name": "r.name",
    "name": "r.name",
    "status": "r.status",
    "user_id": "r.user",
    "created": "r.created_ms",
    "start_time": "COALESCE(r.start_ms, r.created_ms)",
    "end_time": "r.end_ms",
    "experiment_id": "e.id",
}
_WORDS = {
    "metric": ("metric", "metrics"),
    "param": ("param", "params", "parameter", "parameters"),
    "tag": ("tag", "tags"),
    "attribute": ("attribute", "attributes", "attr", "run"),
}
_KINDS = {word: kind for kind, words in _WORDS.items() for word in words}


def to_mlflow_status(status: str) -> str:
    """Azure's word for a run's state in MLflow's five."""
    return next((word for word, mine in _STATUSES.items() if status in mine), "RUNNING")


def from_mlflow_status(status: str) -> str:
    """The word we keep for a state that an MLflow client sets. Raises ArmError 400."""
    if status not in _STATUSES:
        raise ArmError(400, "INVALID_PARAMETER_VALUE", f"Invalid run status {status!r}.")
    return _STATUSES[status][0]


def to_conditions(text: str) -> tuple[str, list[Any]]:
    """SQL for a filter string, and its values. Raises ArmError 400 with the part that is not understood."""
    if not text.strip():
        return "1", []
    clauses, values = [], []
    for part in re.split(r"\s+and\s+(?=(?:[^'\"]*['\"][^'\"]*['\"])*[^'\"]*$)", text.strip(), flags=re.IGNORECASE):
        clause, more = _to_condition(part)
        clauses.append(clause)
        values.extend(more)
    return " AND ".join(clauses), values


def to_order(terms: list[str]) -> tuple[str, list[Any]]:
    """SQL for `order_by` and its values; runs without the value come last, and the newest first where all is equal."""
    orders, values = [], []
    for term in terms:
        key, _, direction = term.strip().rpartition(" ")
        if direction.upper() not in ("ASC", "DESC"):
            key, direction = term.strip(), "ASC"
        expression, names = _expression(key)
        orders.append(f"{expression} IS NULL, {expression} {direction.upper()}")
        values.extend([*names, *names])
    return ", ".join([*orders, "r.created_ms DESC", "r.number DESC"]), values


def _to_condition(part: str) -> tuple[str, list[Any]]:
    found = re.match(
        r"\s*(?P<key>[A-Za-z_]+\.`[^`]+`|[A-Za-z_]+\.\"[^\"]+\"|[\w.\-/:]+)\s*"
        r"(?P<operator><=|>=|!=|=|<|>|NOT\s+IN\b|IN\b|I?LIKE\b|IS\s+NOT\s+NULL\b|IS\s+NULL\b)\s*(?P<value>.*)$",
        part,
        re.IGNORECASE | re.DOTALL,
    )
    if found is None:
        raise ArmError(400, "INVALID_PARAMETER_VALUE", f"Invalid filter: {part.strip()!r}.")
    expression, names = _expression(found["key"])
    operator = " ".join(found["operator"].upper().split())
    if operator in ("IS NULL", "IS NOT NULL"):
        return f"{expression} {operator}", names
    literals = _literals(found["value"], part)
    if expression == "r.status":
        return _status_condition(operator, literals)
    if operator in ("IN", "NOT IN"):
        return f"{expression} {operator} ({','.join('?' * len(literals))})", [*names, *literals]
    if operator == "ILIKE":
        return f"LOWER({expression}) LIKE LOWER(?)", [*names, literals[0]]
    if operator == "LIKE":  # SQLite's own LIKE ignores case, MLflow's does not
        return f"{expression} GLOB ?", [
            *names,
            str(literals[0]).replace("*", "[*]").replace("%", "*").replace("_", "?"),
        ]
    return f"{expression} {operator} ?", [*names, literals[0]]


def _status_condition(operator: str, literals: list[Any]) -> tuple[str, list[Any]]:
    states = [state for literal in literals for state in _STATUSES.get(str(literal).upper(), (str(literal),))]
    negation = "NOT " if operator in ("!=", "NOT IN") else ""
    return f"r.status {negation}IN ({','.join('?' * len(states))})", states


def _expression(key: str) -> tuple[str, list[Any]]:
    kind, dot, name = key.strip().partition(".")
    if not dot:
        kind, name = "attribute", kind
    name = name.strip('`"')
    kind = _KINDS.get(kind.lower(), "")
    if kind == "metric":
        return "(SELECT last_value FROM metric_series s WHERE s.run = r.number AND s.name = ?)", [name]
    if kind == "param":
        return "(SELECT p.value FROM run_params p WHERE p.run = r.number AND p.name = ?)", [name]
    if kind == "tag" and name == "mlflow.runName":
        return "r.name", []
    if kind == "tag":
        return "(SELECT t.value FROM run_tags t WHERE t.run = r.number AND t.name = ?)", [name]
    if kind == "attribute" and name.lower() in _ATTRIBUTES:
        return _ATTRIBUTES[name.lower()], []
    raise ArmError(400, "INVALID_PARAMETER_VALUE", f"Invalid attribute key {key!r}.")


def _literals(text: str, part: str) -> list[Any]:
    found: list[Any] = []
    for quoted, number in re.findall(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")|(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)""", text):
        found.append(quoted[1:-1] if quoted else float(number) if not re.fullmatch(r"-?\d+", number) else int(number))
    if not found:
        raise ArmError(400, "INVALID_PARAMETER_VALUE", f"Invalid filter: {part.strip()!r} has no value.")
    return found
