"""What happened: the history of operations and of people, in one append-only table."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from ops.models.operations import Operation
from ops.models.targets import Targeted, TargetedQuerySet
from ops.models.workspaces import Workspace


class EventQuerySet(TargetedQuerySet["Event"]):
    """Events asked for by target."""


class Event(Targeted):
    """One thing that happened to a target: written once, never changed.

    Operations write one when they are requested, begin, move to another step or phase, wait, and end; services write
    one when a person changes people or roles. ``state`` and ``step`` are those of the operation at that moment.
    """

    class Verb(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        STATE = "state", _("State")
        STEP = "step", _("Step")
        PHASE = "phase", _("Phase")
        WAITING = "waiting", _("Waiting")
        CREATED = "created", _("Created")
        UNREGISTERED = "unregistered", _("Unregistered")
        MEMBER_ADDED = "member_added", _("Member added")
        ROLE_CHANGED = "role_changed", _("Role changed")
        MEMBER_REMOVED = "member_removed", _("Member removed")
        HOST_IDENTITY_ALLOWED = "identity_allowed", _("Host identity allowed")
        HOST_IDENTITY_FORBIDDEN = "identity_forbidden", _("Host identity forbidden")
        PAUSE_ENDED = "pause_ended", _("Sign-in pause ended")

    team_path = "team"

    team = models.ForeignKey(Team, models.CASCADE, related_name="events")
    workspace = models.ForeignKey(Workspace, models.CASCADE, null=True, blank=True, related_name="events")
    operation = models.ForeignKey(Operation, models.CASCADE, null=True, blank=True, related_name="events")
    verb = models.CharField(max_length=20, choices=Verb.choices)
    state = models.CharField(max_length=12, blank=True)
    step = models.CharField(max_length=60, blank=True)
    code = models.CharField(max_length=80, blank=True)
    params = models.JSONField(default=dict, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["target_type", "target_id"], name="events_by_target")]
