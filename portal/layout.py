"""What every page's frame shows: navigation, workspace switcher, silent parts. Read only when asked for."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from ops.models import Workspace
from portal import viewer
from portal.queries import heartbeats
from portal.viewer import MyTeam, MyWorkspace, Viewer


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
    """What a page shows around its content; all of it costs one query, and a fragment that shows none costs nothing."""

    sheets = SHEETS

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def clock(self) -> dict[str, str]:
        """The formats of a duration that js/app.js counts on with; the same texts as the ``duration`` filter's."""
        return {
            "s": _("%(n)s s"),
            "min": _("%(m)s min %(s)02d s"),
            "h": _("%(h)s h %(m)02d min"),
            "d": _("%(d)s d %(h)s h"),
        }

    @cached_property
    def viewer(self) -> Viewer:
        return viewer.of(self.request)

    @property
    def teams(self) -> tuple[MyTeam, ...]:
        return self.viewer.teams

    @property
    def workspaces(self) -> tuple[MyWorkspace, ...]:
        return self.viewer.workspaces

    @cached_property
    def workspace(self) -> MyWorkspace | None:
        """The workspace that ``?workspace=`` narrows the lists to."""
        return self.viewer.find_workspace(self.request.GET.get("workspace", ""))

    @cached_property
    def switch_url(self) -> str:
        """Where the switcher's links lead: this list, or the jobs when this page is not a list."""
        match = self.request.resolver_match
        return self.request.path if match and match.url_name == "index" else _url("jobs:index") or reverse("home:index")

    @cached_property
    def navigation(self) -> list[tuple[str, list[Link]]]:
        """The groups with the entries whose page exists."""
        match = self.request.resolver_match
        current = match.namespace if match else ""
        query = f"?workspace={self.workspace.public_id}" if self.workspace else ""
        return [
            (title, [_link(entry, label, url, query, current) for entry, label, url in entries])
            for title, entries in _groups(get_language(), get_script_prefix())
        ]

    @cached_property
    def silences(self) -> list[str]:
        """One sentence for each part that has been silent for too long."""
        just_started = timezone.now() - STARTED_AT < timedelta(seconds=settings.SILENT_AFTER_SECONDS)
        if just_started or not self.request.user.is_authenticated or self._is_whole:
            return []
        return silences()

    @property
    def _is_whole(self) -> bool:
        return self.viewer.alive == len(heartbeats.expected())


def context(request: HttpRequest) -> dict[str, Frame]:
    """The context processor."""
    return {"frame": Frame(request)}


@lru_cache(maxsize=20)
def _groups(language: str | None, prefix: str) -> list[tuple[str, list[tuple[Entry, str, str]]]]:
    """The groups in the current language, with the address of each entry below the current script prefix."""
    placed = [(str(title), [(one, str(one.label), _url(one.view)) for one in entries]) for title, entries in GROUPS]
    return [(title, [entry for entry in entries if entry[2]]) for title, entries in placed]


def _link(entry: Entry, label: str, url: str, query: str, current: str) -> Link:
    return Link(label, url + query if entry.keeps_workspace else url, entry.icon, entry.namespace == current)


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
