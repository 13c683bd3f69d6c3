"""Every call of ARM in the table is made once, and its answer read by the SDK's own typed model of it; a row that no
step here makes is a failure. Errors and what is polled as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import requests

from amlocal import not_implemented
from amlocal.routes import GROUP, LOCATION, ML, ROUTES, WS, Route
from tests.amlocal import odd_requests, shapes
from tests.amlocal.data_plane import VERSION
from tests.amlocal.scenarios.test_core import token, workspace_path
from tests.amlocal_server import AmlocalServer

pytestmark = pytest.mark.skipif(shapes.models is None, reason="this release of the SDK has other typed models")

OTHER = "the SDK has no typed model of this: it is another resource provider's"
DELETED = "answers 200, 202 or 204 without a body"
BARE = "answers without a body"
JOB = {"properties": {"jobType": "Command", "command": "true", "environmentId": "x"}}
# Rows whose answer has no typed model, and why. Each is still made, but for what is marked so in its step.
UNTYPED = {
    **{("GET", path): OTHER for path in ("/subscriptions", "/subscriptions/{subscription}", GROUP)},
    **{(method, GROUP): OTHER for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE")},
    ("GET", "/subscriptions/{subscription}/resourceGroups"): OTHER,
    **{(method, f"{GROUP}/providers/Microsoft.Resources/deployments/{{name}}"): OTHER for method in ("GET", "PUT")},
    ("GET", f"{GROUP}/deployments/{{name}}/operations"): OTHER,
    **{(method, f"{GROUP}/providers/{{provider}}/{{sort}}/{{name}}"): OTHER for method in ("GET", "DELETE")},
    ("GET", f"{LOCATION}/mfeOperationResults/{{operation}}"): "answers what the action's own answer would be",
}


class Step(NamedTuple):
    """`model` is of the answer, or of each thing in its `value` when the path is a list's."""

    method: str
    path: str
    model: str
    body: dict[str, Any] | None = None


def steps_for(kind: str, container: str, version: str) -> list[Step]:
    """A kind of asset: put before it is read, and deleted last."""
    one, its = f"{WS}/{kind}/{{name}}", f"{WS}/{kind}/{{name}}/versions"
    return [
        Step("PUT", f"{its}/{{version}}", version),
        Step("PUT", one, container),
        Step("GET", f"{WS}/{kind}", container),
        Step("GET", one, container),
        Step("GET", its, version),
        Step("GET", f"{its}/{{version}}", version),
        Step("DELETE", f"{its}/{{version}}", ""),
        Step("DELETE", one, ""),
    ]


MODEL = odd_requests.BODIES["PUT", "/models/{name}/versions/{version}"]["properties"]
IN_STORE = {"properties": {**MODEL, "modelUri": "azureml://datastores/workspaceartifactstore/paths/shaped"}}
ENDPOINT, DEPLOYMENT = f"{WS}/onlineEndpoints/{{name}}", f"{WS}/onlineEndpoints/{{endpoint}}/deployments/{{name}}"
STEPS = [
    Step("PUT", f"{GROUP}/providers/{ML}/workspaces/{{name}}", "Workspace"),
    Step("GET", f"/subscriptions/{{subscription}}/providers/{ML}/workspaces", "Workspace"),
    Step("GET", f"{GROUP}/providers/{ML}/workspaces", "Workspace"),
    Step("GET", WS, "Workspace"),
    Step("PATCH", WS, "Workspace"),
    Step("POST", f"{WS}/listKeys", "ListWorkspaceKeysResult", {}),
    Step("POST", f"{WS}/resyncKeys", "", {}),
    Step("POST", f"{WS}/diagnose", "DiagnoseResponseResult", {}),
    Step("PUT", f"{WS}/datastores/{{name}}", "Datastore"),
    Step("GET", f"{WS}/datastores", "Datastore"),
    Step("GET", f"{WS}/datastores/{{name}}", "Datastore"),
    Step("POST", f"{WS}/datastores/{{name}}/listSecrets", "DatastoreSecrets", {}),
    Step("DELETE", f"{WS}/datastores/{{name}}", ""),
    *steps_for("data", "DataContainer", "DataVersionBase"),
    *steps_for("environments", "EnvironmentContainer", "EnvironmentVersion"),
    Step("POST", f"{WS}/codes/{{name}}/versions/{{version}}/startPendingUpload", "PendingUploadResponseDto", {}),
    *steps_for("codes", "CodeContainer", "CodeVersion"),
    *steps_for("models", "ModelContainer", "ModelVersion"),
    Step("PUT", f"{WS}/computes/{{name}}", "ComputeResource"),
    Step("PATCH", f"{WS}/computes/{{name}}", "ComputeResource"),
    Step("GET", f"{WS}/computes", "ComputeResource"),
    Step("GET", f"{WS}/computes/{{name}}", "ComputeResource"),
    Step("POST", f"{WS}/computes/{{name}}/listNodes", "AmlComputeNodeInformation"),
    Step("DELETE", f"{WS}/computes/{{name}}", ""),
    Step("GET", f"{LOCATION}/vmSizes", "VirtualMachineSize"),
    Step("GET", f"{LOCATION}/usages", "Usage"),
    Step("PUT", f"{WS}/jobs/{{name}}", "JobBase", JOB),
    Step("GET", f"{WS}/jobs", "JobBase"),
    Step("GET", f"{WS}/jobs/{{name}}", "JobBase"),
    Step("POST", f"{WS}/jobs/{{name}}/cancel", ""),
    Step("DELETE", f"{WS}/jobs/{{name}}", ""),
    Step("PUT", ENDPOINT, "OnlineEndpoint"),
    Step("GET", f"{WS}/onlineEndpoints", "OnlineEndpoint"),
    Step("GET", ENDPOINT, "OnlineEndpoint"),
    Step("PATCH", ENDPOINT, "OnlineEndpoint", {"tags": {"a": "c"}}),
    Step("POST", f"{ENDPOINT}/listKeys", "EndpointAuthKeys", {}),
    Step("POST", f"{ENDPOINT}/regenerateKeys", ""),
    Step("PUT", DEPLOYMENT, "OnlineDeployment"),
    Step("GET", f"{WS}/onlineEndpoints/{{endpoint}}/deployments", "OnlineDeployment"),
    Step("GET", DEPLOYMENT, "OnlineDeployment"),
    Step("PATCH", DEPLOYMENT, "OnlineDeployment", {"tags": {"a": "c"}}),
    Step("POST", f"{DEPLOYMENT}/getLogs", "DeploymentLogs"),
    Step("GET", f"{DEPLOYMENT}/skus", "SkuResource"),
    Step("DELETE", DEPLOYMENT, ""),
    Step("DELETE", ENDPOINT, ""),
    Step("DELETE", WS, ""),
]
# Made by another test of this folder.
ELSEWHERE = {
    ("POST", f"{ENDPOINT}/token"): "test_shapes_at_work.py: an endpoint of another mode",
    ("GET", f"{LOCATION}/mfeOperationsStatus/{{operation}}"): "below",
    ("GET", f"{GROUP}/providers/Microsoft.Resources/deployments/{{name}}/operationStatuses/{{operation}}"): OTHER,
}


@pytest.fixture
def ask(control: AmlocalServer) -> Callable[..., requests.Response]:
    """ask(method, path, body): one connection for all calls."""
    session = requests.Session()
    session.verify, session.params = control.ca_bundle, VERSION
    bearers = {True: token(control, "https://storage.azure.com"), False: token(control)}

    def call(method: str, path: str, body: Any = None) -> requests.Response:
        sent = {"data": body} if isinstance(body, bytes) else {"json": body}
        headers = {"Authorization": f"Bearer {bearers['.blob.core.local' in path]}"}
        return session.request(method, control.url + path, headers=headers, timeout=30, **sent)

    return call


def is_answered(route: Route) -> bool:
    return route.surface == "arm" and route.handler.__module__ != not_implemented.__name__


def test_every_row_of_the_table_has_a_step_or_a_reason() -> None:
    known = {(step.method, step.path) for step in STEPS} | UNTYPED.keys() | ELSEWHERE.keys()
    rows = {(route.method, route.path) for route in ROUTES if is_answered(route)}
    assert rows - known == set()


def test_every_answer_has_the_sdks_shape(control: AmlocalServer, ask: Callable[..., requests.Response]) -> None:
    names = {
        "subscription": control.env["AMLOCAL_SUBSCRIPTION_ID"],
        "group": control.env["AMLOCAL_RESOURCE_GROUP"],
        "workspace": "shaped",
        **dict.fromkeys(("name", "endpoint"), "shaped"),
        **{"version": "1", "region": "eastus"},
    }
    control.fault(provisioning="deployments", count=1)
    rows = {(route.method, route.path) for route in ROUTES}
    wrong: list[str] = []
    for step in STEPS:
        if (step.method, step.path) not in rows:
            continue
        if step.path.startswith(f"{WS}/models") and step.method == "PUT":
            _put_blob(ask, names)
        body = step.body if step.body is not None else odd_requests.body_for(step.method, step.path)
        body = IN_STORE if step.path.endswith("/models/{name}/versions/{version}") else body
        answer = ask(step.method, step.path.format(**names), body if step.method in ("PUT", "POST", "PATCH") else None)
        if answer.status_code >= 300:
            wrong.append(f"{step.method} {step.path}: {answer.status_code} {answer.text}")
        elif step.model:
            wire = answer.json()
            things = next((wire[word] for word in ("value", "nodes") if isinstance(wire.get(word), list)), [wire])
            # Nodes come with jobs.
            wrong += [f"{step.method} {step.path} has nothing"] if not things and "nodes" not in wire else []
            wrong += [f"{step.method} {problem}" for thing in things for problem in shapes.check(step.model, thing)]
    assert wrong == []


def test_errors_and_what_is_polled_have_their_shape(
    control: AmlocalServer, ask: Callable[..., requests.Response], name: str
) -> None:
    control.pace(computes="polls:1")
    path = f"{workspace_path(control)}/computes/{name}"
    missing = ask("GET", path)
    assert missing.status_code == 404
    assert shapes.check("ErrorResponse", missing.json()) == []
    begun = ask("PUT", path, odd_requests.BODIES["PUT", "/computes/{name}"])
    polled = begun.headers["Azure-AsyncOperation"].removeprefix(control.url).partition("?")[0]
    states = [ask("GET", polled).json() for _ in range(2)]
    assert [state["status"] for state in states] == ["InProgress", "Succeeded"]
    # https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
    assert set(states[1]) == {"id", "name", "status", "startTime", "endTime", "percentComplete"}
    control.fault(provisioning="computes", path=name, code="QuotaExceeded", message="No cores are left.")
    again = ask("PUT", path, odd_requests.BODIES["PUT", "/computes/{name}"])
    polled = again.headers["Azure-AsyncOperation"].removeprefix(control.url).partition("?")[0]
    failed = [ask("GET", polled).json() for _ in range(2)][1]
    assert shapes.check("ErrorDetail", failed["error"]) == []
    assert (failed["status"], failed["error"]["code"]) == ("Failed", "QuotaExceeded")


def _put_blob(ask: Callable[..., requests.Response], names: dict[str, str]) -> None:
    """A file for a model to be made of."""
    store = ask("GET", f"{WS.format(**names)}/datastores/workspaceartifactstore").json()["properties"]
    address = f"/{store['accountName'].rpartition('/')[2]}.blob.core.local/{store['containerName']}/shaped/file.txt"
    assert ask("PUT", address, b"content").status_code == 201
