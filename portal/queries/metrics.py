"""A run's metrics for charts: at most 2,000 points a line, of which none hides a spike."""

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from ops.models import MetricPoint, Run

MOST_POINTS = 2000
Point = tuple[int, float | None, int]


@dataclass(frozen=True, slots=True)
class Series:
    """One metric's line: a point is (step, value, milliseconds since 1970)."""

    key: str
    points: list[Point]


def list_series(run: Run) -> list[Series]:
    """Return the run's lines by key: one query."""
    points = (
        MetricPoint.objects.filter(series__run=run)
        .order_by("series__key", "position")
        .values_list("series__key", "step", "value", "at")
    )
    return [
        Series(key, thin([(step, value, int(at.timestamp() * 1000)) for _key, step, value, at in group]))
        for key, group in groupby(points.iterator(chunk_size=5000), key=itemgetter(0))
    ]


def thin(points: list[Point]) -> list[Point]:
    """The points, or of a long line the lowest and highest of each of its equal parts, first and last kept."""
    if len(points) <= MOST_POINTS:
        return points
    width = -(-len(points) // (MOST_POINTS // 2 - 1))
    kept = {0, len(points) - 1}
    for begin in range(0, len(points), width):
        part = [index for index in range(begin, min(begin + width, len(points))) if points[index][1] is not None]
        if part:
            kept.add(min(part, key=lambda index: points[index][1] or 0.0))
            kept.add(max(part, key=lambda index: points[index][1] or 0.0))
    return [points[index] for index in sorted(kept)]
