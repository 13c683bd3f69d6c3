"""Azure's facts about an endpoint and its deployments, written into our rows; flows and the mirror share this."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from ops.azure.facts import DeploymentFacts, EndpointFacts
from ops.models import Deployment, Endpoint


def note_endpoint(row: Endpoint, facts: EndpointFacts) -> None:
    """State, address and traffic as Azure has them now; a failure noted earlier is over when Azure says ready."""
    columns: dict[str, Any] = {
        "state": facts.state,
        "auth_mode": facts.auth_mode,
        "scoring_uri": facts.scoring_uri,
        "arm_id": facts.arm_id,
        "seen_at": timezone.now(),
    }
    if facts.state == "ready":
        columns |= {"error_code": "", "error_params": {}}
    with transaction.atomic():
        Endpoint.objects.filter(pk=row.pk).update(**columns)
        note_traffic(row, facts.traffic)


def note_traffic(row: Endpoint, traffic: Mapping[str, int]) -> None:
    """Each deployment's share; a deployment without an entry gets nothing."""
    for deployment in row.deployments.filter(gone_at=None):
        if (percent := traffic.get(deployment.name, 0)) != deployment.traffic:
            Deployment.objects.filter(pk=deployment.pk).update(traffic=percent)


def note_deployment(row: Deployment, facts: DeploymentFacts) -> None:
    columns: dict[str, Any] = {
        "state": facts.state,
        "instance_type": facts.instance_type or row.instance_type,
        "instance_count": facts.instance_count or row.instance_count,
        "request_timeout_ms": facts.request_timeout_ms,
        "arm_id": facts.arm_id,
        "seen_at": timezone.now(),
    }
    if facts.state == "ready":
        columns |= {"error_code": "", "error_params": {}}
    Deployment.objects.filter(pk=row.pk).update(**columns)


def forget_deployment(row: Deployment) -> None:
    """Azure no longer has it: the row stays as history."""
    Deployment.objects.filter(pk=row.pk, gone_at=None).update(gone_at=timezone.now(), traffic=0)


def forget_endpoint(row: Endpoint) -> None:
    """Azure no longer has it nor what stood behind it; its key opens nothing any more."""
    now = timezone.now()
    with transaction.atomic():
        row.deployments.filter(gone_at=None).update(gone_at=now, traffic=0)
        Endpoint.objects.filter(pk=row.pk, gone_at=None).update(gone_at=now, key_encrypted="", key_fetched_at=None)
