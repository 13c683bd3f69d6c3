"""The domain's rows. Knows Django and ``ops.errors``; no network and no queue in ``save()``, no signals."""

from ops.models.credentials import Credential
from ops.models.endpoints import Deployment, Endpoint, ServingState
from ops.models.events import Event
from ops.models.heartbeats import Heartbeat
from ops.models.operations import Operation
from ops.models.registry import ModelVersion, RegisteredModel, Sample, VersionFile
from ops.models.runs import (
    FINAL_STATUSES,
    InputFile,
    LogChunk,
    LogFile,
    MetricPoint,
    MetricSeries,
    Run,
    RunStatusChange,
)
from ops.models.snapshots import CodeSnapshot
from ops.models.workspaces import Compute, Mirror, Workspace

__all__ = [
    "FINAL_STATUSES",
    "CodeSnapshot",
    "Compute",
    "Credential",
    "Deployment",
    "Endpoint",
    "Event",
    "Heartbeat",
    "InputFile",
    "LogChunk",
    "LogFile",
    "MetricPoint",
    "MetricSeries",
    "Mirror",
    "ModelVersion",
    "Operation",
    "RegisteredModel",
    "Run",
    "RunStatusChange",
    "Sample",
    "ServingState",
    "VersionFile",
    "Workspace",
]
