"""What Azure told us, as frozen values in our words. Times are aware, sizes are bytes, tags plain text. No calls here.

`arm_id`s are kept as Azure spells them: compare them in lower case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

ResourceState = Literal["creating", "ready", "updating", "deleting", "failed"]
PollStatus = Literal["running", "succeeded", "failed", "cancelled"]


@dataclass(frozen=True)
class WorkspaceFacts:
    arm_id: str
    name: str
    location: str
    mlflow_tracking_uri: str
    discovery_url: str
    friendly_name: str


@dataclass(frozen=True)
class ComputeFacts:
    """`kind` is Azure's word (amlcompute, computeinstance, kubernetes …); node numbers may be None."""

    name: str
    kind: str
    size: str
    state: str
    min_nodes: int | None
    max_nodes: int | None
    arm_id: str


@dataclass(frozen=True)
class UriFolder:
    """A job's input that is a folder: `uri` is a data asset's ARM id or an azureml:// path; mounted read-only."""

    uri: str


JobInput = str | int | float | bool | UriFolder


@dataclass(frozen=True)
class JobRequest:
    """What `jobs.create` needs. `compute` is a name, `command` may use ${{inputs.NAME}}, `code_id` may be empty."""

    name: str
    display_name: str
    experiment: str
    command: str
    code_id: str
    environment_id: str
    compute: str
    inputs: Mapping[str, JobInput] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    environment_variables: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class JobFacts:
    """`status` is Azure's own word (Preparing = its environment is being made, Queued = it waits in the compute)."""

    name: str
    display_name: str
    experiment: str
    status: str
    arm_id: str
    studio_url: str
    compute: str
    tags: Mapping[str, str]
    created_at: datetime | None


@dataclass(frozen=True)
class ModelFacts:
    """One version of a registered model. `kind` is Azure's: custom_model, mlflow_model or triton_model."""

    name: str
    version: str
    arm_id: str
    path: str
    kind: str
    tags: Mapping[str, str]
    properties: Mapping[str, str]
    created_at: datetime | None


@dataclass(frozen=True)
class EndpointFacts:
    """`traffic` is percent by deployment name, with no entry for a deployment that gets none."""

    name: str
    state: ResourceState
    auth_mode: str
    scoring_uri: str
    traffic: Mapping[str, int]
    tags: Mapping[str, str]
    arm_id: str
    created_at: datetime | None


@dataclass(frozen=True)
class DeploymentSpec:
    """What `deployments.begin_create` needs; all ids are ARM ids of things that exist already."""

    endpoint: str
    name: str
    model_id: str
    code_id: str
    scoring_script: str
    environment_id: str
    instance_type: str
    instance_count: int
    request_timeout_ms: int
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DeploymentFacts:
    name: str
    endpoint: str
    state: ResourceState
    model_id: str
    instance_type: str
    instance_count: int
    request_timeout_ms: int
    tags: Mapping[str, str]
    arm_id: str
    created_at: datetime | None


@dataclass(frozen=True)
class PollFacts:
    """One look at a long-running operation. `retry_after_seconds` is when Azure wants to be asked again."""

    status: PollStatus
    error_code: str = ""
    error_message: str = ""
    retry_after_seconds: float | None = None


@dataclass(frozen=True)
class RunDetails:
    """A run as the run history knows it. The URLs of `log_files` are signed: keep them out of logs and pages."""

    status: str
    started_at: datetime | None
    ended_at: datetime | None
    error_code: str
    error_message: str
    log_files: Mapping[str, str] = field(repr=False)
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class LastValue:
    """The newest point of a metric; `value` is None for NaN and the infinities."""

    value: float | None
    step: int
    at: datetime


@dataclass(frozen=True)
class Point:
    """One point of a metric's history; `value` is None for NaN and the infinities."""

    step: int
    value: float | None
    at: datetime


@dataclass(frozen=True)
class ArtifactFacts:
    """One file of a run's artifacts; `path` is relative to the run, such as outputs/model/model.json."""

    path: str
    size: int
