"""How operations and events name the one thing that they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Self, TypeVar

from django.db import models
from django.db.models import Model

from ops.models.nouns import NOUNS, noun_of

Row = TypeVar("Row", bound="Targeted")


class TargetedQuerySet(models.QuerySet[Row]):
    """Rows asked for by what they are about."""

    def about(self, *targets: Model) -> Self:
        """Keep the rows about any of these rows, which are all of one class."""
        if not targets:
            return self.none()
        return self.filter(target_type=noun_of(targets[0]).name, target_id__in=[target.pk for target in targets])

    def about_any(self, model: type[Model]) -> Self:
        """Keep the rows about rows of this class."""
        return self.filter(target_type=noun_of(model).name)


class Targeted(models.Model):
    """A row about one other row: the noun, the primary key, and the name as it was when this row was written."""

    target_type = models.CharField(max_length=24)
    target_id = models.PositiveBigIntegerField()
    target_name = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True

    _target: Model | None
    _is_target_read: bool

    @property
    def target(self) -> Model | None:
        """The row that this one is about, read once; None when it is no longer there."""
        if not getattr(self, "_is_target_read", False):
            attach_targets([self])
        return self._target

    def keep_target(self, target: Model | None) -> None:
        """Spare the query for a target that is at hand."""
        self._target, self._is_target_read = target, True

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        self._is_target_read = False
        super().refresh_from_db(*args, **kwargs)


def target_columns(target: Model) -> dict[str, Any]:
    """Return the columns that name ``target``."""
    noun = noun_of(target)
    return {"target_type": noun.name, "target_id": target.pk, "target_name": noun.title(target)[:300]}


def attach_targets(rows: Iterable[Targeted]) -> None:
    """Read the targets of many rows: one query for each noun among them."""
    by_type: dict[str, list[Targeted]] = defaultdict(list)
    for row in rows:
        by_type[row.target_type].append(row)
    for name, group in by_type.items():
        found = NOUNS[name].find({row.target_id for row in group}) if name in NOUNS else {}
        for row in group:
            row.keep_target(found.get(row.target_id))
