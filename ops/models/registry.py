"""Registered models and their versions, with the files we keep of a version: its spec, samples and weights."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.ids import new_public_id
from ops.models.azure_resources import AzureResource
from ops.models.runs import Run
from ops.models.workspaces import Workspace


class RegisteredModel(models.Model):
    """A named line of versions in a workspace's registry.

    ``newest_at`` is when the newest version was made, for lists; whoever makes a version writes it (``note_version``).
    """

    team_path = "workspace__team"

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="registered_models")
    name = models.CharField(_("model name"), max_length=255)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    newest_at = models.DateTimeField(default=timezone.now)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="one_registered_model_row")]
        indexes = [models.Index(fields=["workspace", "-newest_at", "-id"], name="models_of_workspace_newest")]

    def __str__(self) -> str:
        return self.name

    @property
    def lock_key(self) -> str:
        return f"registered_model:{self.pk}"

    def note_version(self, made_at: datetime) -> None:
        """Keep ``newest_at`` true after a version was made; one that is older than the newest changes nothing."""
        RegisteredModel.objects.filter(pk=self.pk, newest_at__lt=made_at).update(newest_at=made_at)


class ModelVersion(AzureResource):
    """``spec`` is the content of the version's model.json ({} without one); ``metrics`` are the run's last values.

    ``goal`` says which values of ``main_metric`` are better: maximize or minimize.
    """

    class State(models.TextChoices):
        REGISTERING = "registering", _("Registering")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    team_path = "registered_model__workspace__team"

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    registered_model = models.ForeignKey(RegisteredModel, models.CASCADE, related_name="versions")
    version = models.CharField(max_length=30)
    state = models.CharField(max_length=12, choices=State.choices, default=State.REGISTERING)
    run = models.ForeignKey(Run, models.SET_NULL, null=True, blank=True, related_name="model_versions")
    kind = models.CharField(max_length=30, blank=True)
    path = models.CharField(max_length=500, blank=True)
    spec = models.JSONField(default=dict, blank=True)
    metrics = models.JSONField(default=dict, blank=True)
    main_metric = models.CharField(max_length=250, blank=True)
    goal = models.CharField(max_length=10, default="maximize")
    tags = models.JSONField(default=dict, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["registered_model", "version"], name="one_model_version_row")]
        indexes = [
            models.Index(fields=["registered_model", "-id"], condition=Q(gone_at=None), name="versions_that_exist")
        ]

    def __str__(self) -> str:
        return f"{self.registered_model.name}:{self.version}"

    @property
    def lock_key(self) -> str:
        """Versions of one model are made one after the other: each takes the next number."""
        return self.registered_model.lock_key

    @property
    def main_metric_value(self) -> float | None:
        value: float | None = self.metrics.get(self.main_metric)
        return value


class VersionFile(models.Model):
    """A file of the version kept here for download; ``path`` is relative to the model's folder."""

    model_version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="files")
    path = models.CharField(max_length=255)
    file = models.FileField(upload_to="models/%Y/%m/")
    size = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["model_version", "path"], name="one_row_per_version_file")]


class Sample(models.Model):
    """A held-back example image with the answer it should get, offered on Predict."""

    team_path = "model_version__registered_model__workspace__team"

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    model_version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="samples")
    label = models.CharField(max_length=120)
    file = models.FileField(upload_to="samples/%Y/%m/")

    class Meta:
        ordering = ["pk"]
