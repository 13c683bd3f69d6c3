"""MLflow's filter strings (`metrics.loss < 0.1 and tags.stage = 'x'`) taken apart, and single comparisons of text as
SQL or by Python. What the words name is in filters.py (runs), experiments.py and the registry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from amlocal.web.http import ArmError

NUMERIC = frozenset({"=", "!=", "<", "<=", ">", ">="})
TEXT = frozenset({"=", "!=", "LIKE", "ILIKE"})
LISTS = frozenset({"IN", "NOT IN"})
PRESENCE = frozenset({"IS NULL", "IS NOT NULL"})

_COMPARISON = re.compile(
    r"""\s*(?:(?P<kind>[A-Za-z_]+)\.)?(?P<key>`[^`]+`|"[^"]+"|[^\W\d][\w.\-/:]*)\s*
    (?P<operator><=|>=|!=|=|<|>|\bNOT\s+IN\b|\bIN\b|\bI?LIKE\b|\bIS\s+NOT\s+NULL\b|\bIS\s+NULL\b)\s*
    (?P<value>'(?:[^']|'')*'|"(?:[^"]|"")*"|[-+]?\d[\d.]*(?:[eE][-+]?\d+)?(?![\w.])|\((?:[^'"()]|'[^']*'|"[^"]*")*\))?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_AND = re.compile(r"\s+AND\b|\s*$", re.IGNORECASE)
_QUOTED = re.compile(r"""\s*(?:'([^']*)'|"([^"]*)")\s*(?:,|$)""")
_ORDER = re.compile(
    r"\s*(?:([A-Za-z_]+)\.)?(`[^`]+`|\"[^\"]+\"|[^\W\d][\w.\-/:]*)(?:\s+(ASC|DESC))?\s*$", re.IGNORECASE
)


@dataclass(frozen=True)
class Comparison:
    """`kind` is the word before the dot in small letters, or ""; `value` is text, a number, a list of texts, or None
    after IS (NOT) NULL."""

    kind: str
    key: str
    operator: str
    value: Any
    text: str

    def need(self, operators: frozenset[str]) -> None:
        """Raises ArmError 400 when the operator is none of these, or the value is not of the kind it asks for."""
        wanted: Any = list if self.operator in LISTS else str if operators & PRESENCE or "LIKE" in operators else float
        if self.operator in PRESENCE:
            wanted = type(None)
        if self.operator not in operators or not isinstance(self.value, wanted):
            raise refusal(self.text)


def refusal(text: str) -> ArmError:
    return ArmError(400, "INVALID_PARAMETER_VALUE", f"Invalid clause in filter string: {text.strip()!r}.")


def parse(text: str) -> list[Comparison]:
    """The comparisons of a filter; only AND joins them, as MLflow defines it. Raises ArmError 400."""
    found: list[Comparison] = []
    rest = text
    while rest.strip():
        one = _COMPARISON.match(rest)
        joint = _AND.match(rest, one.end()) if one else None
        if one is None or joint is None:
            raise refusal(rest)
        found.append(_comparison(one))
        rest = rest[joint.end() :]
    return found


def parse_order(term: str) -> tuple[str, str, str]:
    """(kind, key, ASC or DESC) of one `order_by`. Raises ArmError 400."""
    found = _ORDER.match(term)
    if found is None:
        raise ArmError(400, "INVALID_PARAMETER_VALUE", f"Invalid order_by clause {term!r}. Could not be parsed.")
    return (found[1] or "").lower(), found[2].strip('`"'), (found[3] or "ASC").upper()


def to_sql(expression: str, one: Comparison) -> tuple[str, list[Any]]:
    """SQL that compares an expression of our own making; the values are bound."""
    if one.operator in PRESENCE:
        return f"{expression} {one.operator}", []
    if one.operator in LISTS:
        return f"{expression} {one.operator} ({','.join('?' * len(one.value))})", list(one.value)
    if one.operator == "ILIKE":
        return f"LOWER({expression}) LIKE LOWER(?)", [one.value]
    if one.operator == "LIKE":  # SQLite's own LIKE ignores case, MLflow's does not
        return f"{expression} GLOB ?", [_to_glob(one.value)]
    return f"{expression} {one.operator} ?", [one.value]


def is_true(one: Comparison, value: Any) -> bool:
    """The same by Python; None is what is not there, and equals nothing."""
    if one.operator in PRESENCE:
        return (value is None) == (one.operator == "IS NULL")
    if value is None:
        return False
    if one.operator in LISTS:
        return (value in one.value) == (one.operator == "IN")
    if one.operator in ("LIKE", "ILIKE"):
        pattern = re.escape(one.value).replace("%", ".*").replace("_", ".")
        return re.fullmatch(pattern, value, re.DOTALL | (re.IGNORECASE if one.operator == "ILIKE" else 0)) is not None
    order = (value > one.value) - (value < one.value)
    return bool(
        {"=": order == 0, "!=": order != 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[
            one.operator
        ]
    )


def _comparison(found: re.Match[str]) -> Comparison:
    operator = " ".join(found["operator"].upper().split())
    kind, key, text = (found["kind"] or "").lower(), found["key"], found[0]
    value = found["value"]
    if (operator in PRESENCE) != (value is None):
        raise refusal(text)
    return Comparison(kind, key.strip('`"'), operator, _literal(value, text), text)


def _literal(text: str | None, whole: str) -> Any:
    if text is None:
        return None
    if text[0] in "'\"":
        return text[1:-1].replace(text[0] * 2, text[0])
    if text[0] != "(":
        try:
            return float(text)
        except ValueError:
            raise refusal(whole) from None
    inside, values, place = text[1:-1].strip(), [], 0
    while place < len(inside):
        found = _QUOTED.match(inside, place)
        if found is None:
            raise refusal(whole)
        values.append(found[1] if found[1] is not None else found[2])
        place = found.end()
    if not values:
        raise refusal(whole)
    return values


def _to_glob(pattern: str) -> str:
    kept = {"*": "[*]", "?": "[?]", "[": "[[]", "%": "*", "_": "?"}
    return "".join(kept.get(letter, letter) for letter in pattern)
