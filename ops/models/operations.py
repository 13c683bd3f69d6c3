"""One thing a person asked for, carried out step by step by workers."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.ids import new_public_id
from accounts.models import Team
from ops.models.targets import Targeted, TargetedQuerySet
from ops.models.workspaces import Workspace


def new_correlation_id() -> str:
    return uuid.uuid4().hex


class OperationQuerySet(TargetedQuerySet["Operation"]):
    """Operations asked for by target or by what they lock."""

    def open(self) -> "OperationQuerySet":
        return self.filter(finished_at=None)

    def locking(self, *lock_keys: str) -> "OperationQuerySet":
        """Keep the operations that hold, or held, one of these locks."""
        return self.filter(lock_key__in=lock_keys)


class Operation(Targeted):
    """One request about one target, with the step it has come to.

    ``ops.opening`` makes the row; after that ``ops.engine.runner`` is the only writer of ``state``. ``lock_key`` (such
    as endpoint:17) is unique among open rows: the database keeps one open operation per thing. ``queue`` is the Celery
    queue whose workers carry it out. ``parent`` is the operation one of whose steps opened this one.
    """

    class Kind(models.TextChoices):
        REGISTER_WORKSPACE = "register_workspace", _("Register workspace")
        TEST_CONNECTION = "test_connection", _("Test connection")
        SUBMIT_RUN = "submit_run", _("Submit job")
        CANCEL_RUN = "cancel_run", _("Cancel job")
        REGISTER_VERSION = "register_version", _("Register model version")
        DEPLOY = "deploy", _("Deploy")
        SHIFT_TRAFFIC = "shift_traffic", _("Change traffic")
        RENEW_KEY = "renew_key", _("Fetch scoring key")
        DELETE_DEPLOYMENT = "delete_deployment", _("Delete deployment")
        DELETE_ENDPOINT = "delete_endpoint", _("Delete endpoint")

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
        LOST_TRACK = "lost_track", _("Lost track")

    team_path = "team"

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    kind = models.CharField(max_length=24, choices=Kind.choices)
    team = models.ForeignKey(Team, models.CASCADE, related_name="operations")
    workspace = models.ForeignKey(Workspace, models.CASCADE, null=True, blank=True, related_name="operations")
    queue = models.CharField(max_length=40)
    lock_key = models.CharField(max_length=120)
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    step = models.CharField(max_length=60, blank=True)
    turn = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    plan = models.JSONField(default=dict, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    retry_of = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="retries")
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="children")
    correlation_id = models.CharField(max_length=32, default=new_correlation_id, editable=False)
    azure_poll_url = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    deadline_at = models.DateTimeField()
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=80, blank=True)
    error_params = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True, db_index=True)

    objects = OperationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["lock_key"], condition=Q(finished_at=None), name="one_open_operation_per_thing"
            )
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(finished_at=None), name="open_operations"),
            models.Index(fields=["target_type", "target_id"], name="operations_by_target"),
            models.Index(fields=["lock_key"], name="operations_by_lock"),
            models.Index(fields=["team", "-created_at", "-id"], name="operations_of_team_newest"),
            models.Index(fields=["workspace", "-created_at", "-id", "state"], name="operations_of_workspace_newest"),
            models.Index(fields=["workspace", "state", "-created_at", "-id"], name="operations_of_state_newest"),
            models.Index(
                fields=["workspace", "-created_at", "-id"],
                condition=Q(finished_at=None),
                name="open_operations_of_workspace",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.public_id}"

    @property
    def is_final(self) -> bool:
        return self.finished_at is not None
