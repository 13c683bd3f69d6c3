"""Mirrors metric points: one search says what moved, the history is read only for that."""

import time
from collections.abc import Iterable
from itertools import islice

from django.db import transaction

from ops.azure import rest
from ops.azure.connections import Connection
from ops.azure.facts import LastValue, Point
from ops.models import MetricPoint, MetricSeries, Run

BATCH = 1000
# Azure keeps 50 names a run; a local run may log more.
MOST_SERIES = 200
# MLflow has no "since": a long history is read whole each time, so not every second.
LONG_HISTORY = 20_000
LONG_HISTORY_SECONDS = 15
_read_at: dict[int, float] = {}


def sync(runs: Iterable[Run], azure: Connection) -> None:
    """Points of all series of ``runs`` that moved. Raises AzureError."""
    by_name = {run.name.lower(): run for run in runs}
    found = rest.search_metrics(azure, list(by_name))
    rows = MetricSeries.objects.filter(run__in=by_name.values())
    known = {(series.run_id, series.key): series for series in rows}
    for name, values in found.items():
        run = by_name[name.lower()]
        for key, last in islice(sorted(values.items()), MOST_SERIES):
            series = known.get((run.pk, key[:250]))
            if series is None or has_moved(series, last):
                _extend(run, key, series, last, azure)


def has_moved(series: MetricSeries, last: LastValue) -> bool:
    return (series.last_value, series.last_step, series.last_at) != (last.value, last.step, last.at)


def _extend(run: Run, key: str, series: MetricSeries | None, last: LastValue, azure: Connection) -> None:
    if series and series.point_count > LONG_HISTORY and run.status == "Running":
        if time.monotonic() - _read_at.get(series.pk, 0.0) < LONG_HISTORY_SECONDS:
            return
        _read_at[series.pk] = time.monotonic()
    held = series.point_count if series else 0
    points = rest.metric_history(azure, run.name, key, after_position=held)
    series = series or MetricSeries.objects.get_or_create(run=run, key=key[:250])[0]
    for start in range(0, len(points), BATCH):
        if not _append(series, points[start : start + BATCH]):
            return
    newest = {"last_value": last.value, "last_step": last.step, "last_at": last.at}
    MetricSeries.objects.filter(pk=series.pk, point_count=series.point_count).update(**newest)


def _append(series: MetricSeries, points: list[Point]) -> bool:
    """False when another worker has appended meanwhile."""
    held = series.point_count
    with transaction.atomic():
        mine = MetricSeries.objects.filter(pk=series.pk, point_count=held)
        if not mine.update(point_count=held + len(points)):
            return False
        MetricPoint.objects.bulk_create(
            MetricPoint(series=series, position=position, step=point.step, value=point.value, at=point.at)
            for position, point in enumerate(points, start=held)
        )
    series.point_count = held + len(points)
    return True
