"""The parts of Azure ML that are not here: each answers 501 with a sentence, and stands in the coverage table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amlocal.context import Context
from amlocal.web.http import ArmError, Request, Response

METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE")
# (path, what it is); `{WS}`, `{GROUP}` and `{ML}` are those of routes.py. All below a path is missing as well.
AREAS = (
    ("{WS}/batchEndpoints", "Batch endpoints"),
    ("{WS}/schedules", "Schedules"),
    ("{WS}/components", "Components"),
    ("{WS}/connections", "Workspace connections"),
    ("{WS}/featuresets", "Feature sets"),
    ("{WS}/features", "Features of feature sets"),
    ("{WS}/featurestoreEntities", "Feature store entities"),
    ("{WS}/serverlessEndpoints", "Serverless endpoints"),
    ("{WS}/marketplaceSubscriptions", "Marketplace subscriptions"),
    ("{WS}/inferencePools", "Inference pools"),
    ("{WS}/capabilityHosts", "Capability hosts"),
    ("{WS}/outboundRules", "Managed networks"),
    ("{WS}/provisionManagedNetwork", "Managed networks"),
    ("{WS}/outboundNetworkDependenciesEndpoints", "Network dependencies"),
    ("{WS}/privateEndpointConnections", "Private endpoints"),
    ("{WS}/privateLinkResources", "Private endpoints"),
    ("{WS}/prepareNotebook", "Notebooks"),
    ("{WS}/listNotebookKeys", "Notebooks"),
    ("{WS}/listNotebookAccessToken", "Notebooks"),
    ("{WS}/computes/{name}/start", "Compute instances"),
    ("{WS}/computes/{name}/stop", "Compute instances"),
    ("{WS}/computes/{name}/restart", "Compute instances"),
    ("{WS}/computes/{name}/enableSso", "Compute instances"),
    ("{WS}/models/{name}/versions/{version}/package", "Model packages"),
    ("{WS}/models/{name}/versions/{version}/publish", "Registries"),
    ("{WS}/data/{name}/versions/{version}/publish", "Registries"),
    ("{WS}/environments/{name}/versions/{version}/publish", "Registries"),
    ("{WS}/codes/{name}/versions/{version}/publish", "Registries"),
    ("{GROUP}/providers/{ML}/registries", "Registries"),
    ("/subscriptions/{subscription}/providers/{ML}/registries", "Registries"),
    ("/registrymanagement", "Registries"),
    ("/subscriptions/{subscription}/providers/{ML}/locations/{region}/quotas", "Quotas of workspaces"),
    ("/subscriptions/{subscription}/providers/{ML}/locations/{region}/updateQuotas", "Quotas of workspaces"),
    ("/genericasset", "Indexes, prompts and deployment templates"),
    ("/rp", "Joined workspaces"),
    # What SDK v1 and the portal ask beyond the calls of SDK v2.
    ("/history/{version}{WS}", "Run history calls like this one"),
    ("/metric/v2.0{WS}", "Metrics of run history"),
    ("/data/{version}{WS}", "Data calls like this one"),
    ("/dataset/{version}{WS}", "Datasets of SDK v1"),
    ("/modelregistry/{version}{WS}", "Models of SDK v1"),
)

# The SDK asks these with a token for Azure's own cloud (`models.share`): they are refused without looking at it.
OPEN = ("/registrymanagement",)


# The SDK registers each step of a pipeline that is written in line before it sends the pipeline itself.
ANONYMOUS = "/components/azureml_anonymous/"
PIPELINE = "Pipeline jobs are not in amlocal yet (this was a step of one, which the SDK sends first); command jobs are."


def refuse(what: str) -> Callable[..., Response]:
    """A handler for a part of Azure ML that is not here: 501 and a sentence with `what`, in the plural."""

    def answer(context: Context, request: Request, **parts: Any) -> Response:
        if _is_step_of_pipeline(request):
            raise ArmError(501, "NotImplementedHere", PIPELINE)
        raise ArmError(501, "NotImplementedHere", f"{what} are not in amlocal yet.")

    answer.__doc__ = what
    return answer


def _is_step_of_pipeline(request: Request) -> bool:
    if request.method != "PUT" or "/components/" not in request.path.lower():
        return False
    properties = request.json().get("properties")
    is_anonymous = isinstance(properties, dict) and properties.get("isAnonymous") is True
    return is_anonymous or ANONYMOUS in request.path.lower()
