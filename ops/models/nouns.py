"""The one registry of nouns: what an operation or an event can be about, with its model, label and page.

A new noun is one entry in here: no column in Operation and no branch in a page.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from ops.models.credentials import Credential
from ops.models.endpoints import Deployment, Endpoint
from ops.models.registry import ModelVersion, RegisteredModel
from ops.models.runs import Run
from ops.models.workspaces import Workspace


def itself(row: Any) -> Any:
    """Return the row: it has a page of its own."""
    return row


@dataclass(frozen=True)
class Noun:
    """A kind of row that operations and events name as their target.

    ``page`` is the URL name of the page that shows it, "" for none; it takes the ``public_id`` of ``page_row(row)``.
    ``title`` is what people call the row where nothing around it says more. ``related`` are read together with it.
    """

    name: str
    model: type[Model]
    label: Any
    page: str = ""
    page_row: Callable[[Any], Any] = itself
    title: Callable[[Any], str] = str
    related: tuple[str, ...] = ()

    def find(self, ids: Iterable[int]) -> dict[int, Model]:
        """Return the rows of these primary keys that are still there, in one query."""
        rows = self.model._default_manager.all()
        return dict((rows.select_related(*self.related) if self.related else rows).in_bulk(list(ids)))


NOUNS: dict[str, Noun] = {}
_BY_MODEL: dict[type[Model], Noun] = {}


def register(noun: Noun) -> None:
    """Add a noun; apps above ``ops`` register theirs when they are loaded."""
    NOUNS[noun.name] = _BY_MODEL[noun.model] = noun


def noun_of(row: Model | type[Model]) -> Noun:
    """Return the noun of a row or of a class of rows. Raises KeyError for what is none."""
    return _BY_MODEL[row if isinstance(row, type) else type(row)]


for _noun in (
    Noun("person", User, _("Person")),
    Noun("team", Team, _("Team"), "teams:members"),
    Noun("credential", Credential, _("Credential")),
    Noun("workspace", Workspace, _("Workspace"), "workspaces:detail", related=("credential",)),
    Noun("run", Run, _("Job"), "jobs:detail", related=("workspace__credential",)),
    Noun("registered_model", RegisteredModel, _("Model"), "models:detail", related=("workspace__credential",)),
    Noun(
        "model_version",
        ModelVersion,
        _("Model version"),
        "models:version",
        related=("registered_model__workspace__credential", "run"),
    ),
    Noun("endpoint", Endpoint, _("Endpoint"), "endpoints:detail", related=("workspace__credential",)),
    Noun(
        "deployment",
        Deployment,
        _("Deployment"),
        "endpoints:detail",
        page_row=lambda deployment: deployment.endpoint,
        title=lambda deployment: f"{deployment.endpoint.name}/{deployment.name}",
        related=("endpoint__workspace__credential", "model_version__registered_model"),
    ),
):
    register(_noun)
