"""Online endpoints and the deployments behind them, as we made them and as Azure lists them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.ids import new_public_id
from ops.models.azure_resources import AzureResource
from ops.models.registry import ModelVersion
from ops.models.workspaces import Workspace


class ServingState(models.TextChoices):
    """Ours; ``ops.azure`` translates Azure's provisioning states into these."""

    CREATING = "creating", _("Creating")
    READY = "ready", _("Ready")
    UPDATING = "updating", _("Updating")
    DELETING = "deleting", _("Deleting")
    FAILED = "failed", _("Failed")


class Endpoint(AzureResource):
    """``key_encrypted`` is the primary scoring key, fetched by a worker. Deleted endpoints stay as rows."""

    State = ServingState
    team_path = "workspace__team"

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="endpoints")
    name = models.CharField(_("endpoint name"), max_length=32)
    state = models.CharField(max_length=10, choices=ServingState.choices, default=ServingState.CREATING)
    auth_mode = models.CharField(max_length=20, default="key")
    scoring_uri = models.CharField(max_length=500, blank=True)
    key_encrypted = models.TextField(blank=True, editable=False)
    key_fetched_at = models.DateTimeField(null=True, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], condition=Q(gone_at=None), name="one_endpoint_row")
        ]
        indexes = [
            models.Index(
                fields=["workspace", "-created_at", "-id"],
                condition=Q(gone_at=None),
                name="endpoints_of_workspace_newest",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def lock_key(self) -> str:
        return f"endpoint:{self.pk}"

    @property
    def key_lock_key(self) -> str:
        """What fetching the scoring key locks: it goes on beside any change."""
        return f"key:{self.pk}"


class Deployment(AzureResource):
    """``traffic`` is the percentage of the endpoint's requests; ``log_text`` the kept tail of the server's log."""

    State = ServingState
    team_path = "endpoint__workspace__team"

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="deployments")
    name = models.CharField(_("deployment name"), max_length=32)
    state = models.CharField(max_length=10, choices=ServingState.choices, default=ServingState.CREATING)
    model_version = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, blank=True, related_name="deployments")
    instance_type = models.CharField(_("instance type"), max_length=60, blank=True)
    instance_count = models.PositiveIntegerField(_("instances"), default=1)
    request_timeout_ms = models.PositiveIntegerField(default=5000)
    traffic = models.PositiveSmallIntegerField(default=0)
    log_text = models.TextField(blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "name"], condition=Q(gone_at=None), name="one_deployment_row")
        ]
        indexes = [
            models.Index(fields=["endpoint"], condition=Q(gone_at=None, traffic__gt=0), name="deployments_with_traffic")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def lock_key(self) -> str:
        """Azure changes one thing of an endpoint at a time: deployments share its lock."""
        return self.endpoint.lock_key
