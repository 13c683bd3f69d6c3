"""An Azure ML workspace that a team has registered, and the mirror that keeps our rows of it fresh."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.ids import new_public_id
from ops.models.azure_resources import AzureResource
from ops.models.credentials import Credential


class Workspace(models.Model):
    """A registered workspace of a team: cloud, subscription, group and name, compared in lower case.

    A team has one row for it. Only once it was reached in Azure (``reached_at``) is it the only row in the whole
    portal: whoever cannot reach a workspace neither reserves it nor learns who has it.
    """

    class Cloud(models.TextChoices):
        LOCAL = "local", _("Local Azure ML")
        AZURE = "AzureCloud", _("Azure")
        CHINA = "AzureChinaCloud", _("Azure China")
        US_GOVERNMENT = "AzureUSGovernment", _("Azure US Government")

    class State(models.TextChoices):
        REGISTERING = "registering", _("Registering")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Not reachable")

    team_path = "team"

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="workspaces")
    credential = models.ForeignKey(Credential, models.PROTECT, related_name="workspaces")
    cloud = models.CharField(_("cloud"), max_length=20, choices=Cloud.choices)
    subscription_id = models.CharField(_("subscription"), max_length=64)
    resource_group = models.CharField(_("resource group"), max_length=90)
    name = models.CharField(_("workspace name"), max_length=33)
    state = models.CharField(max_length=12, choices=State.choices, default=State.REGISTERING)
    error_code = models.CharField(max_length=80, blank=True)
    error_params = models.JSONField(default=dict, blank=True)
    location = models.CharField(max_length=40, blank=True)
    arm_id = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    reached_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    unregistered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("cloud"),
                Lower("subscription_id"),
                Lower("resource_group"),
                Lower("name"),
                condition=Q(unregistered_at=None, reached_at__isnull=False),
                name="one_reached_workspace_row",
            ),
            models.UniqueConstraint(
                "team",
                Lower("cloud"),
                Lower("subscription_id"),
                Lower("resource_group"),
                Lower("name"),
                condition=Q(unregistered_at=None),
                name="one_workspace_row_of_a_team",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def lock_key(self) -> str:
        return f"workspace:{self.pk}"

    @property
    def is_correctable(self) -> bool:
        """Whether it was never reached, so that nothing hangs on it and its names may be typed anew."""
        return self.state == self.State.FAILED and self.reached_at is None

    @property
    def queue(self) -> str:
        """The Celery queue of the workers that speak to this workspace's cloud."""
        return f"cloud.{self.cloud}"


class Mirror(models.Model):
    """One chain of reads per workspace: who has the turn, until when, and when the next read is due."""

    workspace = models.OneToOneField(Workspace, models.CASCADE, related_name="mirror")
    turn = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(null=True, blank=True, db_index=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=80, blank=True)
    error_params = models.JSONField(default=dict, blank=True)
    cursor = models.JSONField(default=dict, blank=True)


class Compute(AzureResource):
    """A compute target as Azure lists it: a read-only mirror."""

    team_path = "workspace__team"

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="computes")
    name = models.CharField(max_length=64)
    kind = models.CharField(max_length=40)
    size = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=40, blank=True)
    min_nodes = models.PositiveIntegerField(null=True)
    max_nodes = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="one_compute_row")]

    def __str__(self) -> str:
        return self.name
