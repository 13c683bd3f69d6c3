"""One row of the table: the median of repeated measurements with its range."""

from collections.abc import Sequence
from statistics import median


def row(what: str, values: Sequence[float], unit: str, digits: int = 1) -> None:
    cells = (f"{value:.{digits}f} {unit}" for value in (median(values), min(values), max(values)))
    print(f"| {what} | {len(values)} | {' | '.join(cells)} |", flush=True)
