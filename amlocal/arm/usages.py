"""What a region offers and what is used of it: sizes of machines, cores in clusters. Quotas are told, not kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amlocal.arm import computes, sizes
from amlocal.web.http import Request, Response, json_response

if TYPE_CHECKING:
    from amlocal.context import Context


def list_sizes(context: Context, request: Request, *, subscription: str, region: str) -> Response:
    """GET …/locations/{region}/vmSizes"""
    return json_response({"value": [sizes.to_arm(size, region) for size in sizes.SIZES]})


def list_usages(context: Context, request: Request, *, subscription: str, region: str) -> Response:
    """GET …/locations/{region}/usages: cores that the clusters may grow to, in all and by family of machines."""
    used = dict.fromkeys((size.family for size in sizes.SIZES), 0)
    for record in context.store.list(computes.KIND, None, top=1_000_000).records:
        if record.body["properties"]["computeType"] == "AmlCompute":
            own = record.body["properties"]["properties"]
            size = sizes.find(own["vmSize"])
            if size is not None:
                used[size.family] += size.cores * int(own["scaleSettings"]["maxNodeCount"])
    prefix = f"/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/locations/{region}/usages"
    rows = [_row(prefix, "totalCores", "Total Cluster Dedicated Regional vCPUs", sum(used.values()))]
    rows += [_row(prefix, family, f"{family} Cluster Dedicated vCPUs", cores) for family, cores in used.items()]
    return json_response({"value": rows})


def _row(prefix: str, name: str, text: str, cores: int) -> dict[str, Any]:
    return {
        "id": f"{prefix}/{name}",
        "type": "Microsoft.MachineLearningServices/usages",
        "unit": "Count",
        "currentValue": cores,
        "limit": sizes.QUOTA_CORES,
        "name": {"value": text, "localizedValue": text},
    }
