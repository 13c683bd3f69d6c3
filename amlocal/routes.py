"""THE table: every method and path that amlocal answers, and the function that does. Matching words and names ignores
case.

A handler is called as `handler(context, request, **parts)`. Paths that begin with a workspace hand it over as `scope:
Scope` (spelled as created;
a missing workspace has already been refused); every other `{part}` comes as a keyword of that name, decoded.
`{rest*}` takes all that follows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from amlocal import control, not_implemented
from amlocal import request_shapes as shapes
from amlocal.arm import arm_deployments, computes, groups, polls, usages, workspaces
from amlocal.assets import codes, data_versions
from amlocal.assets.containers import Assets
from amlocal.assets.data import data
from amlocal.assets.environments import environments
from amlocal.assets.registered import models
from amlocal.jobs import history, jobs
from amlocal.serving import deployments, endpoints, scoring
from amlocal.storage import account_listings, blob_service, datastore_sections, datastores
from amlocal.tracking import (
    artifacts,
    experiments,
    mlflow_errors,
    mlflow_logs,
    mlflow_runs,
    registry,
    registry_versions,
)
from amlocal.web import identity
from amlocal.web.http import ArmError, Response, error_response
from amlocal.web.shapes import Shape

ML = "Microsoft.MachineLearningServices"
GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
WS = f"{GROUP}/providers/{ML}/workspaces/{{workspace}}"
LOCATION = f"/subscriptions/{{subscription}}/providers/{ML}/locations/{{region}}"
# Both spellings of a blob's address, host and path, are looked up under this one.
BLOB = "/_blob/{account}"
SCORE = "/endpoints/{workspace}/{endpoint}/score"
ORIGIN = f"/artifact/v2.0{WS}/artifacts/{{origin}}/{{container}}"
DEPLOYMENT = f"{GROUP}/providers/Microsoft.Resources/deployments/{{name}}"
Handler = Callable[..., Response]


@dataclass(frozen=True)
class Route:
    """`surface` says whose tokens are good: arm, ml (data plane), blob (checked by the blob service itself) or open.
    `body` is the shape of the JSON it takes, see web/shapes.py, or None; `refuse` writes its errors."""

    method: str
    path: str
    handler: Handler
    surface: str = "arm"
    note: str = ""
    body: Shape = None
    refuse: Callable[[ArmError], Response] = error_response


def asset_routes(assets: Assets, shape: Shape) -> tuple[Route, ...]:
    """The rows that every kind with containers and versions has. A row of the table itself stands for one of these
    where it is the same."""
    container = f"{WS}/{assets.kind}/{{name}}"
    version = f"{container}/versions/{{version}}"
    return (
        Route("GET", f"{WS}/{assets.kind}", assets.list_containers),
        Route("GET", container, assets.get_container),
        Route("PUT", container, assets.put_container, body=shapes.CONTAINER),
        Route("DELETE", container, assets.delete_container),
        Route("GET", f"{container}/versions", assets.list_versions),
        Route("GET", version, assets.get_version),
        Route("PUT", version, assets.put_version, body=shape),
        Route("DELETE", version, assets.delete_version),
    )


def mlflow(
    method: str, path: str, handler: Handler, *, folder: str = "mlflow/", body: Shape = None
) -> tuple[Route, ...]:
    """The rows of an MLflow call: both versions that Azure has of its prefix, and MLflow's older `preview` spelling."""
    bases = [f"/mlflow/{version}{WS}/api/2.0" for version in ("v1.0", "v2.0")]
    spelled = [f"{base}/{folder}{path}" for base in bases]
    if folder:
        spelled += [f"{base}/preview/{folder}{path}" for base in bases]
    return tuple(Route(method, full, handler, "ml", "", body, mlflow_errors.to_response) for full in spelled)


def both(method: str, path: str, handler: Handler, body: Shape = None) -> tuple[Route, ...]:
    """The rows of a run history call that names its experiment by name or by id."""
    words = ("experiments", "experimentids")
    paths = [f"/history/v1.0{WS}/{word}/{{experiment}}{path}" for word in words]
    return tuple(Route(method, full, handler, "ml", body=body) for full in paths)


def missing(path: str, what: str) -> tuple[Route, ...]:
    """The rows of a part of Azure ML that is not here: its path and all below it, by every method."""
    full = path.replace("{WS}", WS).replace("{GROUP}", GROUP).replace("{ML}", ML)
    surface = "arm" if full.startswith("/subscriptions/") else "ml"
    if full in not_implemented.OPEN:
        surface = "open"
    handler = not_implemented.refuse(what)
    paths = (full, f"{full}/{{rest*}}")
    return tuple(Route(method, each, handler, surface) for method in not_implemented.METHODS for each in paths)


ROUTES = (
    Route("GET", "/metadata/endpoints", workspaces.get_cloud, "open", "what the SDK learns a cloud from"),
    Route("GET", "/discovery", workspaces.discover, "open"),
    Route("GET", "/healthz", workspaces.get_health, "open", "amlocal's own"),
    Route("GET", "/msi/token", identity.give_token, "open", "managed identity; needs MSI_SECRET"),
    Route("GET", f"{LOCATION}/mfeOperationsStatus/{{operation}}", polls.get_status),
    Route("GET", f"{LOCATION}/mfeOperationResults/{{operation}}", polls.get_result),
    Route("GET", "/subscriptions", groups.list_subscriptions),
    Route("GET", "/subscriptions/{subscription}", groups.get_subscription),
    Route("GET", "/subscriptions/{subscription}/resourceGroups", groups.list_groups),
    Route("GET", GROUP, groups.get_group),
    Route("PUT", GROUP, groups.put_group, body=shapes.GROUP),
    Route("HEAD", GROUP, groups.check_group),
    Route("PATCH", GROUP, groups.change_group, body=shapes.GROUP),
    Route("DELETE", GROUP, groups.delete_group, note="an empty one"),
    Route("PUT", DEPLOYMENT, arm_deployments.put, note="the SDK's template for a workspace", body=shapes.TEMPLATE),
    Route("GET", DEPLOYMENT, arm_deployments.get),
    Route("GET", f"{DEPLOYMENT}/operationStatuses/{{operation}}", arm_deployments.get_status),
    Route("GET", f"{GROUP}/deployments/{{name}}/operations", arm_deployments.list_steps),
    Route(
        "GET",
        f"{GROUP}/providers/{{provider}}/{{sort}}/{{name}}",
        groups.get_dependent,
        note="storage, vault, insights",
    ),
    Route(
        "DELETE", f"{GROUP}/providers/{{provider}}/{{sort}}/{{name}}", groups.delete_dependent, note="nothing is done"
    ),
    Route("GET", f"/subscriptions/{{subscription}}/providers/{ML}/workspaces", workspaces.list_in_subscription),
    Route("GET", f"{GROUP}/providers/{ML}/workspaces", workspaces.list_in_group),
    Route("GET", WS, workspaces.get),
    Route("PUT", f"{GROUP}/providers/{ML}/workspaces/{{name}}", workspaces.put, body=shapes.WORKSPACE),
    Route("PATCH", WS, workspaces.change, body=shapes.WORKSPACE),
    Route("DELETE", WS, workspaces.delete),
    Route("POST", f"{WS}/listKeys", workspaces.list_keys),
    Route("POST", f"{WS}/resyncKeys", workspaces.sync_keys, note="nothing to do"),
    Route("POST", f"{WS}/diagnose", workspaces.diagnose, note="finds nothing amiss"),
    Route("GET", f"{WS}/datastores", datastores.list_datastores),
    Route("GET", f"{WS}/datastores/{{name}}", datastores.get),
    Route(
        "PUT",
        f"{WS}/datastores/{{name}}",
        datastores.put,
        note="every type; files of blob containers only",
        body=shapes.DATASTORE,
    ),
    Route("DELETE", f"{WS}/datastores/{{name}}", datastores.delete),
    Route("POST", f"{WS}/datastores/{{name}}/listSecrets", datastores.list_secrets, body=shapes.SECRETS),
    Route("GET", f"/datastore/v1.0{WS}/datastores", datastore_sections.list_datastores, "ml"),
    Route("GET", f"/datastore/v1.0{WS}/datastores/{{name}}", datastore_sections.get, "ml", "with its secrets"),
    Route("GET", f"/datastore/v1.0{WS}/default", datastore_sections.get_default, "ml"),
    *asset_routes(data, shapes.DATA),
    Route("GET", f"/data/v1.0{WS}/dataversion/{{name}}/versions/{{version}}", data_versions.get, "ml"),
    *asset_routes(environments, shapes.ENVIRONMENT),
    *(route for route in asset_routes(codes.codes, shapes.CODE) if not route.path.endswith("/versions")),
    Route("GET", f"{WS}/codes/{{name}}/versions", codes.list_versions, note="hash searches all codes"),
    Route("POST", f"{WS}/codes/{{name}}/versions/{{version}}/startPendingUpload", codes.start_upload),
    Route("GET", f"{WS}/computes", computes.list_computes),
    Route("GET", f"{WS}/computes/{{name}}", computes.get),
    Route("PUT", f"{WS}/computes/{{name}}", computes.put, note="AmlCompute, Kubernetes", body=shapes.COMPUTE),
    Route("PATCH", f"{WS}/computes/{{name}}", computes.change, body=shapes.COMPUTE),
    Route("DELETE", f"{WS}/computes/{{name}}", computes.delete),
    Route("POST", f"{WS}/computes/{{name}}/listNodes", computes.list_nodes),
    Route("GET", f"{LOCATION}/vmSizes", usages.list_sizes),
    Route("GET", f"{LOCATION}/usages", usages.list_usages),
    Route("GET", BLOB, account_listings.list_blobs, "blob", "comp=list with the container in the prefix"),
    Route("GET", f"{BLOB}/{{container}}", blob_service.get_container, "blob", "properties and comp=list"),
    Route("HEAD", f"{BLOB}/{{container}}", blob_service.get_container, "blob"),
    Route("PUT", f"{BLOB}/{{container}}", blob_service.put_container, "blob"),
    Route("GET", f"{BLOB}/{{container}}/{{name*}}", blob_service.get, "blob", "with ranges"),
    Route("HEAD", f"{BLOB}/{{container}}/{{name*}}", blob_service.get, "blob"),
    Route("PUT", f"{BLOB}/{{container}}/{{name*}}", blob_service.put, "blob", "block blobs, blocks, metadata"),
    Route("DELETE", f"{BLOB}/{{container}}/{{name*}}", blob_service.delete, "blob"),
    Route("GET", f"{WS}/jobs", jobs.list_jobs, note="newest first; listViewType, jobType, tag"),
    Route("PUT", f"{WS}/jobs/{{name}}", jobs.put, note="command jobs; others answer 501", body=shapes.JOB),
    Route("GET", f"{WS}/jobs/{{name}}", jobs.get),
    Route("POST", f"{WS}/jobs/{{name}}/cancel", jobs.cancel),
    Route("GET", f"{WS}/models", models.list_containers),
    Route("GET", f"{WS}/models/{{name}}", models.get_container),
    Route("PUT", f"{WS}/models/{{name}}", models.put_container, body=shapes.CONTAINER),
    Route("DELETE", f"{WS}/models/{{name}}", models.delete_container),
    Route("GET", f"{WS}/models/{{name}}/versions", models.list_versions),
    Route("GET", f"{WS}/models/{{name}}/versions/{{version}}", models.get_version),
    Route("PUT", f"{WS}/models/{{name}}/versions/{{version}}", models.put_version, body=shapes.REGISTERED),
    Route("DELETE", f"{WS}/models/{{name}}/versions/{{version}}", models.delete_version),
    Route("GET", f"{WS}/onlineEndpoints", endpoints.list_endpoints),
    Route("GET", f"{WS}/onlineEndpoints/{{name}}", endpoints.get),
    Route(
        "PUT",
        f"{WS}/onlineEndpoints/{{name}}",
        endpoints.put,
        body=shapes.ENDPOINT,
    ),
    Route("PATCH", f"{WS}/onlineEndpoints/{{name}}", endpoints.change, body=shapes.ENDPOINT),
    Route("DELETE", f"{WS}/onlineEndpoints/{{name}}", endpoints.delete),
    Route("POST", f"{WS}/onlineEndpoints/{{name}}/listKeys", endpoints.list_keys),
    Route("POST", f"{WS}/onlineEndpoints/{{name}}/regenerateKeys", endpoints.regenerate_keys, body=shapes.KEYS),
    Route("POST", f"{WS}/onlineEndpoints/{{name}}/token", endpoints.give_token),
    Route("GET", f"{WS}/onlineEndpoints/{{endpoint}}/deployments", deployments.list_deployments),
    Route("GET", f"{WS}/onlineEndpoints/{{endpoint}}/deployments/{{name}}", deployments.get),
    Route(
        "PUT",
        f"{WS}/onlineEndpoints/{{endpoint}}/deployments/{{name}}",
        deployments.put,
        note="a scoring script, or an MLflow model without one",
        body=shapes.DEPLOYMENT,
    ),
    Route("DELETE", f"{WS}/onlineEndpoints/{{endpoint}}/deployments/{{name}}", deployments.delete),
    Route(
        "POST",
        f"{WS}/onlineEndpoints/{{endpoint}}/deployments/{{name}}/getLogs",
        deployments.get_logs,
        body=shapes.LOGS,
    ),
    Route("GET", f"{WS}/onlineEndpoints/{{endpoint}}/deployments/{{name}}/skus", deployments.list_skus),
    Route("POST", SCORE, scoring.score, "open", "checks the key or token itself"),
    Route("GET", SCORE, scoring.score, "open"),
    Route("OPTIONS", SCORE, scoring.score, "open"),
    Route("GET", "/endpoints/{workspace}/{endpoint}/swagger.json", scoring.swagger, "open"),
    Route("GET", f"/history/v1.0{WS}/runs/{{run}}/details", history.get_details, "ml"),
    Route("GET", f"/history/v1.0{WS}/runs/{{run}}", history.get_run, "ml"),
    Route("GET", f"/history/v1.0{WS}/experiments/{{experiment}}/runs/{{run}}", history.get_run, "ml"),
    Route(
        "PATCH",
        f"/history/v1.0{WS}/experiments/{{experiment}}/runs/{{run}}",
        history.patch_run,
        "ml",
        body=shapes.RUN_CHANGE,
    ),
    Route("GET", f"/history/v1.0{WS}/runs/{{run}}/children", history.list_children, "ml", "by mlflow.parentRunId"),
    Route("GET", f"/history/v1.0{WS}/runs/{{run}}/serviceinstances/{{node}}", history.list_services, "ml", "none runs"),
    Route("POST", f"/history/v1.0{WS}/rundata", history.get_data, "ml", body=shapes.RUN_DATA),
    Route(
        "POST",
        f"/data/{{version}}{WS}/dataversion/batchGetResolvedUris",
        history.resolve_outputs,
        "ml",
        body=shapes.URIS,
    ),
    *both("GET", "/runs/{run}/token", history.give_token),
    *both("GET", "/runs/{run}/artifacts", artifacts.list_of_run),
    *both("POST", "/runs/{run}/artifacts/batch/metadata", artifacts.create_for_run, body=shapes.PATHS),
    *both("GET", "/runs/{run}/artifacts/contentinfo", artifacts.locate_in_run),
    Route("GET", ORIGIN, artifacts.list_outside, "ml"),
    Route("POST", f"{ORIGIN}/batch/metadata", artifacts.create_outside, "ml", body=shapes.PATHS),
    Route("GET", f"{ORIGIN}/contentinfo", artifacts.locate_outside, "ml"),
    *mlflow("GET", "experiments/get", experiments.get),
    *mlflow("GET", "experiments/get-by-name", experiments.get_by_name),
    *mlflow("GET", "experiments/list", experiments.search),
    *mlflow("GET", "experiments/search", experiments.search),
    *mlflow("POST", "experiments/search", experiments.search, body=shapes.EXPERIMENTS),
    *mlflow("POST", "experiments/create", experiments.create, body=shapes.EXPERIMENT),
    *mlflow("POST", "experiments/update", experiments.update, body=shapes.EXPERIMENT),
    *mlflow("POST", "experiments/delete", experiments.delete, body=shapes.EXPERIMENT),
    *mlflow("POST", "experiments/restore", experiments.restore, body=shapes.EXPERIMENT),
    *mlflow("POST", "experiments/set-experiment-tag", experiments.set_tag, body=shapes.EXPERIMENT_TAG),
    *mlflow("GET", "runs/get", mlflow_runs.get_run),
    *mlflow("POST", "runs/create", mlflow_runs.create_run, body=shapes.RUN),
    *mlflow("POST", "runs/update", mlflow_runs.update_run, body=shapes.RUN),
    *mlflow("POST", "runs/delete", mlflow_runs.delete_run, body=shapes.RUN),
    *mlflow("POST", "runs/restore", mlflow_runs.restore_run, body=shapes.RUN),
    *mlflow("POST", "runs/search", mlflow_runs.search_runs, body=shapes.RUNS),
    *mlflow("POST", "runs/log-metric", mlflow_logs.log_metric, body=shapes.METRIC),
    *mlflow("POST", "runs/log-parameter", mlflow_logs.log_parameter, body=shapes.PAIR),
    *mlflow("POST", "runs/log-batch", mlflow_logs.log_batch, body=shapes.BATCH),
    *mlflow("POST", "runs/log-batch-async", mlflow_logs.log_batch_async, body=shapes.BATCH),
    *mlflow("GET", "runs/get-run-data-status", mlflow_logs.get_run_data_status),
    *mlflow("POST", "runs/log-model", mlflow_logs.log_model, body=shapes.RUN_NOTE),
    *mlflow("POST", "runs/log-inputs", mlflow_logs.log_inputs, body=shapes.RUN_NOTE),
    *mlflow("POST", "runs/set-tag", mlflow_logs.set_tag, body=shapes.PAIR),
    *mlflow("POST", "runs/delete-tag", mlflow_logs.delete_tag, body=shapes.PAIR),
    *mlflow("GET", "metrics/get-history", mlflow_logs.get_metric_history),
    *mlflow("GET", "artifacts/list", artifacts.list_artifacts),
    *mlflow("POST", "registered-models/create", registry.create_model, body=shapes.MODEL),
    *mlflow("GET", "registered-models/get", registry.get_model),
    *mlflow("POST", "registered-models/rename", registry.rename_model, body=shapes.MODEL),
    *mlflow("PATCH", "registered-models/update", registry.update_model, body=shapes.MODEL),
    *mlflow("DELETE", "registered-models/delete", registry.delete_model, body=shapes.MODEL),
    *mlflow("GET", "registered-models/search", registry.search_models),
    *mlflow("GET", "registered-models/list", registry.search_models),
    *mlflow("GET", "registered-models/get-latest-versions", registry.get_latest),
    *mlflow("POST", "registered-models/get-latest-versions", registry.get_latest, body=shapes.STAGES),
    *mlflow("POST", "registered-models/set-tag", registry.set_model_tag, body=shapes.MODEL_TAG),
    *mlflow("DELETE", "registered-models/delete-tag", registry.delete_model_tag, body=shapes.MODEL_TAG),
    *mlflow("POST", "registered-models/alias", registry.set_alias, body=shapes.NEW_ALIAS),
    *mlflow("DELETE", "registered-models/alias", registry.delete_alias, body=shapes.ALIAS),
    *mlflow("GET", "registered-models/alias", registry.get_by_alias),
    *mlflow("POST", "model-versions/create", registry_versions.create, body=shapes.MODEL_VERSION),
    *mlflow("GET", "model-versions/get", registry_versions.get),
    *mlflow("PATCH", "model-versions/update", registry_versions.update, body=shapes.MODEL_VERSION),
    *mlflow("DELETE", "model-versions/delete", registry_versions.delete, body=shapes.MODEL_VERSION),
    *mlflow("POST", "model-versions/transition-stage", registry_versions.move, body=shapes.MODEL_VERSION),
    *mlflow("POST", "model-versions/set-tag", registry_versions.set_tag, body=shapes.MODEL_TAG),
    *mlflow("DELETE", "model-versions/delete-tag", registry_versions.delete_tag, body=shapes.MODEL_TAG),
    *mlflow("GET", "model-versions/search", registry_versions.search),
    *mlflow("GET", "model-versions/get-download-uri", registry_versions.get_download_uri),
    *mlflow("POST", "logged-models", mlflow_errors.refuse_logged_models),
    *mlflow("POST", "logged-models/search", mlflow_errors.refuse_logged_models),
    *mlflow("GET", "mlflow-artifacts/artifacts", artifacts.list_proxied, folder=""),
    *mlflow("GET", "mlflow-artifacts/artifacts/{path*}", artifacts.get_proxied, folder=""),
    *mlflow("PUT", "mlflow-artifacts/artifacts/{path*}", artifacts.put_proxied, folder=""),
    *mlflow("DELETE", "mlflow-artifacts/artifacts/{path*}", artifacts.delete_proxied, folder=""),
    *(route for path, what in not_implemented.AREAS for route in missing(path, what)),
    Route("POST", "/_amlocal/reset", control.reset, "open"),
    Route("POST", "/_amlocal/seed", control.seed, "open"),
    Route("GET", "/_amlocal/pace", control.get_pace, "open"),
    Route("PUT", "/_amlocal/pace", control.set_pace, "open"),
    Route("GET", "/_amlocal/quotas", control.get_quotas, "open"),
    Route("PUT", "/_amlocal/quotas", control.set_quotas, "open"),
    Route("GET", "/_amlocal/faults", control.list_faults, "open"),
    Route("POST", "/_amlocal/faults", control.add_fault, "open"),
    Route("DELETE", "/_amlocal/faults", control.clear_faults, "open"),
    Route("GET", "/_amlocal/requests", control.list_requests, "open"),
    Route("DELETE", "/_amlocal/requests", control.clear_requests, "open"),
)
