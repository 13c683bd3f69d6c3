"""A training run, the uploads it starts from, and what the mirror has seen of it: status changes, metrics, logs."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Concat, Left, Lower
from django.utils.translation import gettext_lazy as _

from accounts.ids import new_public_id
from ops import job_specs
from ops.job_specs import JobSpec
from ops.models.azure_resources import AzureResource
from ops.models.workspaces import Workspace

# In the index that a search reads; an index row of PostgreSQL has room for 2,704 bytes, a character has at most four.
SEARCHED_LENGTH = 600
FINAL_STATUSES = frozenset({"Completed", "Failed", "Canceled"})


class Run(AzureResource):
    """A job in Azure ML: what it executes, and how it stands.

    ``status`` is Azure's own word, shown as it is; before Azure accepted the job it is ours: Submitting. ``name`` is
    the Azure job's name and its MLflow run id. ``spec`` is the JSON form of a ``JobSpec``, {} for a run that was made
    outside the portal; ``main_metric`` is the spec's, for lists. ``parent`` is the sweep that a trial belongs to.
    ``searched`` is the text that a search looks through, in lower case; the database keeps it.
    """

    class Kind(models.TextChoices):
        COMMAND = "command", _("Command")
        SWEEP = "sweep", _("Sweep")
        TRIAL = "trial", _("Trial")

    class Purpose(models.TextChoices):
        TRAINING = "training", _("Training")
        EVALUATION = "evaluation", _("Evaluation")
        BUILD = "build", _("Environment build")

    SUBMITTING = "Submitting"
    FAILED = "Failed"
    CANCELED = "Canceled"
    CANCEL_REQUESTED = "CancelRequested"
    COMPLETED = "Completed"
    team_path = "workspace__team"

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="runs")
    name = models.CharField(max_length=255)
    display_name = models.CharField(_("name"), max_length=255, blank=True)
    experiment = models.CharField(max_length=255, blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.COMMAND)
    purpose = models.CharField(max_length=12, choices=Purpose.choices, default=Purpose.TRAINING)
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="trials")
    spec = models.JSONField(default=dict, blank=True)
    main_metric = models.CharField(max_length=250, blank=True)
    compute = models.CharField(_("compute"), max_length=64, blank=True)
    status = models.CharField(max_length=40, default=SUBMITTING)
    is_final = models.BooleanField(default=False)
    studio_url = models.CharField(max_length=500, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    retry_of = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="retries")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    searched = models.GeneratedField(
        expression=Left(Lower(Concat("name", Value("\n"), "display_name", Value("\n"), "experiment")), SEARCHED_LENGTH),
        output_field=models.CharField(max_length=SEARCHED_LENGTH),
        db_persist=True,
    )

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="one_run_row")]
        indexes = [
            models.Index(
                fields=["workspace", "purpose", "-created_at", "-id", "searched"], name="runs_of_workspace_newest"
            ),
            models.Index(
                fields=["workspace", "status", "-created_at", "-id", "gone_at"], name="runs_of_workspace_by_status"
            ),
            models.Index(
                fields=["workspace", "-created_at", "-id"], condition=Q(is_final=False), name="open_runs_of_workspace"
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or self.name

    @property
    def lock_key(self) -> str:
        return f"run:{self.pk}"

    @property
    def job_spec(self) -> JobSpec | None:
        """What the run executes; None for a run that was made outside the portal."""
        return job_specs.from_json(self.spec) if self.spec else None

    @property
    def recipe(self) -> str:
        """The name of the recipe that the spec came from, "" when it came from none."""
        source = self.spec.get("source", {})
        return str(source["name"]) if source.get("kind") == "recipe" else ""

    @property
    def parameters(self) -> dict[str, Any]:
        """The answers that the spec was made from."""
        return dict(self.spec.get("source", {}).get("answers", {}))

    @property
    def is_completed(self) -> bool:
        return self.status == self.COMPLETED


class InputFile(models.Model):
    """A file uploaded with the form, waiting to be sent to Azure by the submit flow."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="input_files")
    input_name = models.CharField(max_length=64)
    name = models.CharField(max_length=255)
    file = models.FileField(upload_to="inputs/%Y/%m/")
    size = models.PositiveBigIntegerField()


class RunStatusChange(models.Model):
    """One change of a run's status, in the order seen: the timeline."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="status_changes")
    status = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]


class MetricSeries(models.Model):
    """One metric of a run. ``point_count`` is how many points of its history we hold."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="metrics")
    key = models.CharField(max_length=250)
    last_value = models.FloatField(null=True)
    last_step = models.BigIntegerField(default=0)
    last_at = models.DateTimeField(null=True)
    point_count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["key"]
        constraints = [models.UniqueConstraint(fields=["run", "key"], name="one_series_per_metric")]


class MetricPoint(models.Model):
    """``position`` counts from 0 in the order of MLflow's history; ``value`` is null for NaN and the infinities."""

    series = models.ForeignKey(MetricSeries, models.CASCADE, related_name="points")
    position = models.PositiveIntegerField()
    step = models.BigIntegerField()
    value = models.FloatField(null=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["series", "position"], name="one_point_per_position")]


class LogFile(models.Model):
    """One log file of a run under Azure's name, such as user_logs/std_log.txt. ``size`` counts mirrored bytes."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="log_files")
    name = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField(default=0)
    is_capped = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="one_row_per_log_file")]


class LogChunk(models.Model):
    """Append-only text from byte ``offset`` on, ``length`` bytes of UTF-8, cut between characters."""

    log_file = models.ForeignKey(LogFile, models.CASCADE, related_name="chunks")
    offset = models.PositiveBigIntegerField()
    length = models.PositiveIntegerField()
    text = models.TextField()

    class Meta:
        ordering = ["offset"]
        constraints = [models.UniqueConstraint(fields=["log_file", "offset"], name="one_chunk_per_offset")]
