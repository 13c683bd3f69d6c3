"""One row of the table: the median of repeated measurements with its range."""

import sys
from collections.abc import Sequence
from statistics import median


def row(what: str, values: Sequence[float], unit: str, digits: int = 1) -> None:
    cells = (f"{value:.{digits}f} {unit}" for value in (median(values), min(values), max(values)))
    # Past any redirection: the lines of a running site are kept out of the table, the table's are not.
    print(f"| {what} | {len(values)} | {' | '.join(cells)} |", file=sys.__stdout__, flush=True)
