"""MLflow's words about runs (`metrics.loss < 0.1 and tags.stage = 'x'`, `metrics.loss DESC`) turned into SQL over
runs.py's and metrics.py's tables. The grammar is in comparisons.py. Values always travel as parameters."""

from dataclasses import replace
from typing import Any

from amlocal.tracking import comparisons
from amlocal.tracking.comparisons import LISTS, NUMERIC, PRESENCE, TEXT, Comparison
from amlocal.web.http import ArmError

_STATUSES = {
    "SCHEDULED": ("NotStarted", "Starting", "Provisioning", "Preparing", "Queued"),
    "RUNNING": ("Running", "Finalizing", "CancelRequested"),
    "FINISHED": ("Completed",),
    "FAILED": ("Failed",),
    "KILLED": ("Canceled",),
}
START = "COALESCE(r.start_ms, r.created_ms)"
_TEXTS = {"run_id": "r.id", "run_name": "r.name", "name": "r.name", "run name": "r.name", "status": "r.status"}
_TEXTS |= {"user_id": "r.user", "experiment_id": "e.id"}
# Azure's own word; its unit is not documented, so it has that of the other times: milliseconds.
_NUMBERS = {"created": START, "start_time": START, "end_time": "r.end_ms", "duration": "r.end_ms - r.start_ms"}
_WORDS = {
    "metric": ("metric", "metrics"),
    "param": ("param", "params", "parameter", "parameters"),
    "tag": ("tag", "tags"),
    "attribute": ("attribute", "attributes", "attr", "run", ""),
    "dataset": ("dataset", "datasets"),
}
_KINDS = {word: kind for kind, words in _WORDS.items() for word in words}
# Tells SQLite that few runs have these ids, so that it looks them up and does not walk through all in their order.
BY_ID = "likelihood("
_SERIES = "FROM metric_series s WHERE s.run = r.number AND s.name = ?"


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
    clauses, values = ["1"], []
    for one in comparisons.parse(text):
        clause, more = _to_condition(one)
        clauses.append(clause)
        values.extend(more)
    return " AND ".join(clauses), values


def to_order(terms: list[str]) -> tuple[str, list[Any]]:
    """SQL for `order_by` and its values: NaN comes after the numbers, runs without the value come last, and the newest
    first where all is equal."""
    orders, values = [], []
    for term in terms:
        kind, key, direction = comparisons.parse_order(term)
        expression, names = _expression(kind, key)
        missing = f"{expression} IS NULL"
        if _KINDS.get(kind) == "metric":
            missing, names = f"COALESCE((SELECT s.last_word IS 'NaN' {_SERIES}), 2)", [key]
        orders.append(f"{missing}, {expression} {direction}")
        values.extend([*names, *names])
    return ", ".join([*orders, f"{START} DESC", "r.number DESC"]), values


def _to_condition(one: Comparison) -> tuple[str, list[Any]]:
    kind = _KINDS.get(one.kind, "")
    expression, names = _expression(one.kind, one.key)
    if kind == "metric":
        one.need(NUMERIC)
        odd = " OR s.last_word = 'NaN'" if one.operator == "!=" else ""
        return f"EXISTS (SELECT 1 {_SERIES} AND (s.last_value {one.operator} ?{odd}))", [one.key, one.value]
    if expression in _NUMBERS.values():
        one.need(NUMERIC)
    else:
        one.need(TEXT | (LISTS if kind == "attribute" else PRESENCE if kind in ("tag", "param") else frozenset()))
    if expression == "r.status":
        return _status_condition(one)
    clause, values = comparisons.to_sql(expression, one)
    if expression == "r.id" and one.operator in ("=", "IN"):
        clause = f"{BY_ID}{clause}, 0.0001)"
    return clause, [*names, *values]


def _status_condition(one: Comparison) -> tuple[str, list[Any]]:
    """Either vocabulary is understood: MLflow's FINISHED in capitals or not, and Azure's Completed."""
    wanted = one.value if one.operator in LISTS else [one.value]
    if one.operator in ("LIKE", "ILIKE"):
        wanted = [word for word in _STATUSES if comparisons.is_true(replace(one, value=one.value.upper()), word)]
    states = [state for word in wanted for state in _STATUSES.get(word.upper(), (word,))]
    negation = "NOT " if one.operator in ("!=", "NOT IN") else ""
    return f"r.status {negation}IN ({','.join('?' * len(states))})", states


def _expression(kind: str, key: str) -> tuple[str, list[Any]]:
    known = _KINDS.get(kind, "")
    if known == "metric":
        return f"(SELECT s.last_value {_SERIES})", [key]
    if known == "param":
        return "(SELECT p.value FROM run_params p WHERE p.run = r.number AND p.name = ?)", [key]
    if known == "tag" and key == "mlflow.runName":
        return "r.name", []
    if known == "tag":
        return "(SELECT t.value FROM run_tags t WHERE t.run = r.number AND t.name = ?)", [key]
    if known == "attribute" and key.lower() in _TEXTS | _NUMBERS:
        return (_TEXTS | _NUMBERS)[key.lower()], []
    raise ArmError(400, "INVALID_PARAMETER_VALUE", f"Invalid attribute key '{kind}.{key}' specified.")
