"""What every page's frame shows: navigation, workspace switcher, silent parts. Read only when asked for."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import access
from accounts.models import Membership
from ops.models import Workspace
from portal.queries import heartbeats


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the navigation; ``namespace`` decides which line is lit."""

    namespace: str
    label: Any
    icon: str
    keeps_workspace: bool = True

    @property
    def view(self) -> str:
        return f"{self.namespace}:index"


GROUPS = (
    ("", (Entry("home", gettext_lazy("Home"), "smart-home"),)),
    (
        gettext_lazy("Build"),
        (
            Entry("jobs", gettext_lazy("Jobs"), "player-play"),
            Entry("models", gettext_lazy("Models"), "box"),
        ),
    ),
    (
        gettext_lazy("Serve"),
        (
            Entry("endpoints", gettext_lazy("Endpoints"), "cloud-upload"),
            Entry("predict", gettext_lazy("Predict"), "photo-scan"),
        ),
    ),
    (
        gettext_lazy("Manage"),
        (
            Entry("workspaces", gettext_lazy("Workspaces"), "affiliate", keeps_workspace=False),
            Entry("operations", gettext_lazy("Operations"), "list-check"),
            Entry("teams", gettext_lazy("Teams"), "users", keeps_workspace=False),
        ),
    ),
)


SHEETS = tuple(f"css/{name}.css" for name in ("tokens", "frame", "components", "lists", "pages"))
# A portal that has just started has heard of nobody yet; that is no news.
STARTED_AT = timezone.now()


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str
    icon: str
    is_current: bool


class Frame:
    """Each part costs at most one query, at its first use; a fragment that shows none of them costs nothing."""

    sheets = SHEETS

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @property
    def clock(self) -> dict[str, str]:
        """The formats of a duration that js/app.js counts on with; the same texts as the ``duration`` filter's."""
        return {
            "s": _("%(n)s s"),
            "min": _("%(m)s min %(s)02d s"),
            "h": _("%(h)s h %(m)02d min"),
            "d": _("%(d)s d %(h)s h"),
        }

    @cached_property
    def memberships(self) -> list[Membership]:
        mine = Membership.objects.filter(user__pk=self.request.user.pk or 0)
        return list(mine.select_related("team").order_by("team__name"))

    @cached_property
    def workspaces(self) -> list[Workspace]:
        rows = access.visible(Workspace, self.request.user).filter(unregistered_at=None)
        return list(rows.select_related("team").order_by("team__name", "name"))

    @property
    def workspace(self) -> Workspace | None:
        """The workspace that ``?workspace=`` narrows the lists to."""
        wanted = self.request.GET.get("workspace", "")
        return next((row for row in self.workspaces if row.public_id == wanted), None) if wanted else None

    @property
    def switch_url(self) -> str:
        """Where the switcher's links lead: this list, or the jobs when this page is not a list."""
        match = self.request.resolver_match
        return self.request.path if match and match.url_name == "index" else _url("jobs:index") or reverse("home:index")

    @cached_property
    def navigation(self) -> list[tuple[str, list[Link]]]:
        """The groups with the entries whose page exists."""
        match = self.request.resolver_match
        current = match.namespace if match else ""
        groups = [(str(title), [self._link(entry, current) for entry in entries]) for title, entries in GROUPS]
        return [(title, [link for link in links if link.url]) for title, links in groups]

    @cached_property
    def silences(self) -> list[str]:
        """One sentence for each part that has been silent for too long."""
        just_started = timezone.now() - STARTED_AT < timedelta(seconds=settings.SILENT_AFTER_SECONDS)
        return [] if just_started or not self.request.user.is_authenticated else silences()

    def _link(self, entry: Entry, current: str) -> Link:
        url = _url(entry.view)
        if url and entry.keeps_workspace and self.workspace:
            url = f"{url}?workspace={self.workspace.public_id}"
        return Link(str(entry.label), url, entry.icon, entry.namespace == current)


def context(request: HttpRequest) -> dict[str, Frame]:
    """The context processor."""
    return {"frame": Frame(request)}


def silences() -> list[str]:
    """A sentence for each part that should be alive and has not been heard of lately."""
    return [_silence(name) for name in heartbeats.list_silent()]


def _silence(name: str) -> str:
    sentences = {
        "beat": _("The scheduler is silent: nothing that waits will move on until it is back."),
        "queue:portal": _("The portal's own workers are silent: what you queue will wait until they are back."),
        "cloud:local": _("The local Azure ML does not answer: its workspaces can be read but not changed."),
    }
    cloud = name.removeprefix("queue:cloud.")
    label = dict(Workspace.Cloud.choices).get(cloud, cloud)
    return sentences.get(name) or _("The workers for %(cloud)s are silent: its operations wait.") % {"cloud": label}


def _url(view: str) -> str:
    try:
        return reverse(view)
    except NoReverseMatch:
        return ""
