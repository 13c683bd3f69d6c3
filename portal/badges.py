"""How a state looks, ours and Azure's own words alike: tone (colour), icon (shape) and label (word)."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Look:
    """``tone`` is good, bad, warn, run or idle; ``turns`` marks work in progress."""

    tone: str
    icon: str
    label: str | Promise = ""
    turns: bool = False


def _working(label: str | Promise) -> Look:
    return Look("run", "loader-2", label, turns=True)


UNKNOWN = Look("idle", "circle-dashed")
LOOKS = {
    # ours
    "queued": Look("warn", "clock", _("Queued")),
    "running": _working(_("Running")),
    "succeeded": Look("good", "circle-check", _("Succeeded")),
    "failed": Look("bad", "circle-x", _("Failed")),
    "cancelled": Look("idle", "ban", _("Cancelled")),
    "lost_track": Look("warn", "help-circle", _("Lost track")),
    "registering": _working(_("Registering")),
    "ready": Look("good", "circle-check", _("Ready")),
    "creating": _working(_("Creating")),
    "updating": _working(_("Updating")),
    "deleting": Look("idle", "loader-2", _("Deleting"), turns=True),
    "submitting": _working(_("Submitting")),
    "right": Look("good", "circle-check", _("Right")),
    "wrong": Look("bad", "circle-x", _("Wrong")),
    # Azure's, lower case
    "notstarted": Look("warn", "clock", _("Not started")),
    "preparing": _working(_("Preparing")),
    "provisioning": _working(_("Provisioning")),
    "starting": _working(_("Starting")),
    "finalizing": _working(_("Finalizing")),
    "completed": Look("good", "circle-check", _("Completed")),
    "canceled": Look("idle", "ban", _("Canceled")),
    "cancelrequested": Look("warn", "loader-2", _("Cancel requested"), turns=True),
    "notresponding": Look("warn", "alert-triangle", _("Not responding")),
    "paused": Look("idle", "player-pause", _("Paused")),
    "unknown": Look("idle", "help-circle", _("Unknown")),
}


def look(word: str) -> Look:
    return LOOKS.get(word.lower(), UNKNOWN)


def label(word: str) -> str:
    """The word for people; one that we do not know is shown as Azure wrote it."""
    return str(look(word).label or word)
