"""How much there may be: Azure's limits of one subscription in one region, the setting or a test may place them. What
is used of them is counted in usages.py."""

from __future__ import annotations

from collections.abc import Iterable

from amlocal.arm import sizes
from amlocal.arm.context import Context
from amlocal.arm.sizes import Size
from amlocal.web.http import ArmError

# Azure's documented numbers, but for cores: there they depend on the subscription, and are 0 for most GPUs. A family of
# machines (`standardDSv2Family`) can be named as well; it has what `cores` has otherwise.
DEFAULTS = {
    "cores": 1000,
    "low_priority_cores": 1000,
    "cluster_nodes": 100,
    "endpoints": 100,
    "deployments": 500,
    "endpoint_deployments": 20,
    "deployment_instances": 50,
}
_FAMILIES = {size.family.lower() for size in sizes.SIZES}
_MORE = (
    "Talk to your Subscription Admin or refer to"
    " https://docs.microsoft.com/azure/machine-learning/how-to-manage-quotas#request-quota-increases to increase the"
)


def find_unknown(names: Iterable[str]) -> list[str]:
    return [name for name in names if name not in DEFAULTS and name.lower() not in _FAMILIES]


def read(context: Context, name: str) -> int:
    """The limit called so in DEFAULTS."""
    return context.controls.quotas.get(name, DEFAULTS[name])


def read_family(context: Context, family: str) -> int:
    """Cores that dedicated machines of a family may have."""
    placed = {name.lower(): limit for name, limit in context.controls.quotas.items()}
    return placed.get(family.lower(), read(context, "cores"))


def list_cores(context: Context, size: Size, *, is_low_priority: bool) -> list[tuple[str, int]]:
    """The limits on cores that a machine counts for, each with Azure's word for it. Low priority has no families."""
    if is_low_priority:
        return [("total", read(context, "low_priority_cores"))]
    family = size.family.removeprefix("standard").removesuffix("Family")
    return [(f"Standard {family} family", read_family(context, size.family)), ("total", read(context, "cores"))]


def check_cluster(context: Context, size: Size, least: int, *, is_low_priority: bool) -> None:
    """A cluster must be able to have its least number of nodes, and one. Its greatest number is not held against the
    quota: the nodes are, when they come. Raises ArmError 400."""
    for what, limit in list_cores(context, size, is_low_priority=is_low_priority):
        if limit < size.cores:
            reason = (
                "cannot accomodate for at least 1 requested managed compute nodes which maps to"
                f" {size.cores} vCPUs. {_MORE} {what} quota"
            )
        elif limit < least * size.cores:
            reason = (
                "is less than the requested compute training cluster and/or compute instance's min nodes of"
                f" {least} which maps to {least * size.cores} vCPUs. {_MORE} {what} quota"
            )
        else:
            continue
        sentence = f"The specified subscription has a {what} vCPU quota of {limit} and {reason}"
        details = [{"code": "ClusterMinNodesExceedCoreQuota", "message": sentence}]
        raise ArmError(400, "BadRequest", sentence, details)


def check_job(context: Context, size: Size, count: int, *, is_low_priority: bool) -> None:
    """All nodes of a job run at once. Raises ArmError 400; Azure fails such a job a moment later."""
    for what, limit in list_cores(context, size, is_low_priority=is_low_priority):
        if limit < count * size.cores:
            raise ArmError(
                400,
                "UserError",
                "Job submission to AzureML Compute encountered an Exception with status code"
                f" JobNodeCountExceedsCoreQuota, The specified subscription has a {what} vCPU quota of {limit} and is"
                f" less than the requested job node count of {count} which maps to {count * size.cores} vCPUs."
                f" {_MORE} {what} vCPU quota",
            )
