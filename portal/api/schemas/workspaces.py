"""Workspaces: registered ones, and what is needed to register one."""

from datetime import datetime
from typing import Any, Literal

from django.urls import reverse
from ninja import Schema

from ops.models import Compute, Workspace
from portal.api.schemas.common import EXAMPLE_TIME, Given, Problem, described, problem_with
from portal.api.schemas.operations import OperationDetail

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"


class ComputeOut(Schema):
    """Where jobs run, as Azure lists it."""

    name: str = described("Name in the workspace.", "cpu-cluster")
    kind: str = described("Azure's word for the kind.", "amlcompute")
    size: str = described("Machine size.", "Standard_DS3_v2")
    state: str = described("Azure's word for the state.", "Succeeded")


class WorkspaceOut(Schema):
    """A registered workspace of Azure ML."""

    id: str = described("Opaque id.", "w8n3c5dk2p")
    name: str = described("Name in Azure.", "local")
    team: str = described("Id of the team that it belongs to.", "t5h9x2kq4m")
    team_name: str = described("Name of that team.", "Vision")
    cloud: str = described("local, AzureCloud, AzureChinaCloud or AzureUSGovernment.", "local")
    subscription_id: str = described("Azure's subscription.", SUBSCRIPTION)
    resource_group: str = described("Azure's resource group.", "amlocal")
    state: str = described("registering, ready or failed.", "ready")
    location: str = described("Azure's region.", "westeurope")
    seen_at: datetime | None = described("When its jobs and endpoints were last read from Azure.", EXAMPLE_TIME)
    created_at: datetime = described("When it was registered.", EXAMPLE_TIME)
    url: str = described("Its page in the portal.", "/workspaces/w8n3c5dk2p/")
    error: Problem | None = described("Why it is not reachable.", None)


class WorkspaceDetail(WorkspaceOut):
    """A workspace with its computes and the latest look at it in Azure."""

    computes: list[ComputeOut]
    operation: OperationDetail | None


class CredentialIn(Given):
    """A new way to sign in to Azure; it is encrypted and never given back."""

    name: str = described("How the team will recognise it.", "Training service principal", max_length=80)
    kind: Literal["service_principal", "certificate", "managed_identity"] = described(
        "How it signs in.", "service_principal"
    )
    tenant_id: str = described("Microsoft Entra tenant.", "11111111-2222-3333-4444-555555555555", "", max_length=64)
    client_id: str = described("Application id, or that of a user-assigned identity.", "", "", max_length=64)
    secret: str = described("Client secret, or the PEM text of a certificate with its key.", "", "", max_length=20_000)


class WorkspaceIn(Given):
    """A workspace to register."""

    team: str = described("Id of one of your teams.", "t5h9x2kq4m", max_length=16)
    cloud: str = described("A cloud that this portal has workers for.", "local", max_length=20)
    subscription_id: str = described("Azure's subscription.", SUBSCRIPTION, min_length=1, max_length=64)
    resource_group: str = described("Azure's resource group.", "amlocal", min_length=1, max_length=90)
    name: str = described("Name in Azure.", "local", min_length=1, max_length=33)
    credential: str = described("Id of a credential of the team; not for the local cloud.", "", "", max_length=16)
    replaces: str = described("Id of a registration that failed and is corrected by this one.", "", "", max_length=16)
    new_credential: CredentialIn | None = described("Instead of credential: a new one.", None, None)


class CloudOut(Schema):
    """A cloud that this portal has workers for."""

    name: str = described("Its name in requests.", "local")
    label: str = described("Its name for a person.", "Local Azure ML")


class CredentialOut(Schema):
    """A way to sign in to Azure that a team has, without its secret."""

    id: str = described("Opaque id.", "c9h2v6mk3y")
    name: str = described("How the team recognises it.", "Training service principal")
    kind: str = described("service_principal, certificate or managed_identity.", "service_principal")
    team: str = described("Id of the team that it belongs to.", "t5h9x2kq4m")


class LocalNames(Schema):
    """The workspace that the local Azure ML has from its first start."""

    subscription_id: str = described("Its subscription.", SUBSCRIPTION)
    resource_group: str = described("Its resource group.", "amlocal")
    name: str = described("Its name.", "local")


class WorkspaceChoices(Schema):
    """What can be chosen when a workspace is registered."""

    clouds: list[CloudOut]
    credentials: list[CredentialOut]
    local: LocalNames | None = described(
        "The local workspace, while nobody has registered it.",
        {"subscription_id": SUBSCRIPTION, "resource_group": "amlocal", "name": "local"},
        None,
    )


def workspace_out(row: Workspace) -> WorkspaceOut:
    """Return the short form, as in a list."""
    return WorkspaceOut(**_facts(row))


def workspace_detail(row: Workspace, computes: list[Compute], operation: OperationDetail | None) -> WorkspaceDetail:
    """Return the workspace with its computes."""
    return WorkspaceDetail(
        **_facts(row), computes=[ComputeOut.from_orm(compute) for compute in computes], operation=operation
    )


def _facts(row: Workspace) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "name": row.name,
        "team": row.team.public_id,
        "team_name": row.team.name,
        "cloud": row.cloud,
        "subscription_id": row.subscription_id,
        "resource_group": row.resource_group,
        "state": row.state,
        "location": row.location,
        "seen_at": row.mirror.seen_at,
        "created_at": row.created_at,
        "url": reverse("workspaces:detail", args=[row.public_id]),
        "error": problem_with(row),
    }
