"""THE table: every method and path that amlocal answers, and the function that does. Matching words and names ignores case.

A handler is called as `handler(context, request, **parts)`. Paths that begin with a workspace hand it over as `scope: Scope` (spelled as created;
a missing workspace has already been refused); every other `{part}` comes as a keyword of that name, decoded. `{rest*}` takes all that follows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from amlocal import control, operations, tokens, workspaces
from amlocal.context import Context
from amlocal.http import ArmError, Request, Response

ML = "Microsoft.MachineLearningServices"
GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
WS = f"{GROUP}/providers/{ML}/workspaces/{{workspace}}"
LOCATION = f"/subscriptions/{{subscription}}/providers/{ML}/locations/{{region}}"
Handler = Callable[..., Response]


@dataclass(frozen=True)
class Route:
    """`surface` says whose tokens are good: arm, ml (data plane), blob (checked by the blob service itself) or open."""

    method: str
    path: str
    handler: Handler
    surface: str = "arm"
    note: str = ""


def missing(what: str) -> Handler:
    """A handler for a part of Azure ML that is not here: 501 and a sentence."""

    def refuse(context: Context, request: Request, **parts: Any) -> Response:
        raise ArmError(501, "NotImplementedHere", f"{what} are not in amlocal yet.")

    refuse.__doc__ = what
    return refuse


ROUTES = (
    Route("GET", "/metadata/endpoints", workspaces.get_cloud, "open", "what the SDK learns a cloud from"),
    Route("GET", "/discovery", workspaces.discover, "open"),
    Route("GET", "/healthz", workspaces.get_health, "open", "amlocal's own"),
    Route("GET", "/msi/token", tokens.give, "open", "managed identity; needs MSI_SECRET"),
    Route("GET", f"{LOCATION}/mfeOperationsStatus/{{operation}}", operations.get_status),
    Route("GET", f"{LOCATION}/mfeOperationResults/{{operation}}", operations.get_result),
    Route("GET", WS, workspaces.get),
    Route("GET", "/_amlocal/pace", control.get_pace, "open"),
    Route("PUT", "/_amlocal/pace", control.set_pace, "open"),
    Route("GET", "/_amlocal/faults", control.list_faults, "open"),
    Route("POST", "/_amlocal/faults", control.add_fault, "open"),
    Route("DELETE", "/_amlocal/faults", control.clear_faults, "open"),
    Route("GET", "/_amlocal/requests", control.list_requests, "open"),
    Route("DELETE", "/_amlocal/requests", control.clear_requests, "open"),
)
