"""What MLflow's own server takes as the names and values of metrics, params and tags, and its words for what it does
not: after mlflow/utils/validation.py of MLflow 3.15. Its clients do not look before they send.

One thing differs from its default: MLflow cuts a long value of a param or a tag unless MLFLOW_TRUNCATE_LONG_VALUES is
false; here it is refused, as with false, because a value that is cut without a word is a value lost.
"""

from __future__ import annotations

import json
import math
import posixpath
import re
from typing import Any

from amlocal.web.http import ArmError

LONGEST_NAME = 250
LONGEST_PARAM = 6000
LONGEST_TAG = 8000
LONGEST_EXPERIMENT_TAG = 5000
LONGEST_MODEL_TAG = 100_000
LONGEST_ALIAS = 255

_NAME = re.compile(r"[/\w.\- :]*")
_CHARACTERS = (
    "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and"
    " slashes (/)."
)
_MISSING = "A key name must be provided."
_ALIAS = re.compile(r"[\w\-]*")
_VERSION_ALIAS = re.compile(r"[vV]\d+")


def check_metric(name: str, value: Any, at_ms: int, place: str = "") -> float:
    """The metric's value as a number; `place` is such as `metrics[3].`. Raises ArmError 400."""
    _check_name(name, f"{place}name", f"Metric name cannot be None. {_MISSING}")
    if value is None:
        raise refusal(f"Missing value for required parameter '{place}value'.")
    number = _read_number(value)
    if number is None:
        told = f"(timestamp={at_ms}). Please specify value as a valid double (64-bit floating point)"
        raise invalid(f"{place}value", value, told)
    if at_ms < 0:
        told = f"metric '{name}' (value={value}). Timestamp must be a nonnegative long (64-bit integer) "
        raise invalid(f"{place}timestamp", at_ms, told)
    _check_length("Metric name", LONGEST_NAME, name)
    return number


def check_param(name: str, value: str, place: str = "") -> None:
    """Raises ArmError 400."""
    _check_name(name, f"{place}key", _MISSING)
    _check_length("Param key", LONGEST_NAME, name)
    _check_length("Param value", LONGEST_PARAM, value)


def check_tag(name: str, value: str, place: str = "", *, longest: int = LONGEST_TAG) -> None:
    """Raises ArmError 400. `longest` differs for the tags of runs, experiments and models."""
    _check_name(name, f"{place}key", _MISSING)
    _check_length(f"{place}key", LONGEST_NAME, name)
    _check_length(f"{place}value", longest, value)


def check_alias(alias: str) -> None:
    """The alias of a registered model's version. Raises ArmError 400."""
    if not alias:
        raise refusal("Registered model alias name cannot be empty.")
    if not _ALIAS.fullmatch(alias):
        told = "Names may only contain alphanumerics, underscores (_), and dashes (-)."
        raise refusal(f"Invalid alias name: '{alias}'. {told}")
    _check_length("Registered model alias name", LONGEST_ALIAS, alias)
    if alias.lower() == "latest":
        raise refusal("'latest' alias name (case insensitive) is reserved.")
    if _VERSION_ALIAS.fullmatch(alias):
        raise refusal(f"Version alias name '{alias}' is reserved.")


def invalid(place: str, value: Any, told: str) -> ArmError:
    return refusal(f"Invalid value {json.dumps(value)} for parameter '{place}' supplied: {told}")


def refusal(sentence: str) -> ArmError:
    return ArmError(400, "INVALID_PARAMETER_VALUE", sentence)


def _check_name(name: str, place: str, missing: str) -> None:
    if not name:
        raise invalid(place, name, missing)
    if not _NAME.fullmatch(name):
        raise invalid(place, name, _CHARACTERS)
    resolved = posixpath.normpath(name)
    if resolved != name or resolved == "." or resolved.startswith(("..", "/")):
        told = (
            "Names may be treated as files in certain cases, and must not resolve to other names when treated as such."
        )
        raise invalid(place, name, f"{told} This name would resolve to {resolved!r}")


def _check_length(what: str, limit: int, value: str) -> None:
    if len(value) > limit:
        raise refusal(f"'{what}' exceeds the maximum length of {limit} characters")


def _read_number(value: Any) -> float | None:
    """None for what is no number. JSON has no NaN and no infinities: protobuf, and so MLflow, writes them as texts."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    is_spelled = not isinstance(value, str) or math.isfinite(number) or value in ("NaN", "Infinity", "-Infinity")
    return number if is_spelled else None
