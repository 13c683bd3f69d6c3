"""A run's artifacts: MLflow's own list and proxy (plain mlflow), run history's signed URLs (azureml-mlflow), uploads
outside of runs. All are blobs."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from amlocal.arm.context import Context
from amlocal.storage import materials, places
from amlocal.storage.store import Scope
from amlocal.tracking import runs
from amlocal.web.http import ArmError, Request, Response, json_response


def run_uri(context: Context, request: Request, scope: Scope, run: runs.Run) -> str:
    """Azure's URI for azureml-mlflow; else one that a plain MLflow client can follow."""
    if _is_from_azureml(request):
        base = f"azureml://{context.settings.netloc}/mlflow/v2.0{scope.arm_id}"
        return f"{base}/experiments/{run.experiment_id}/runs/{run.id}/artifacts"
    return f"mlflow-artifacts:/{run.experiment_id}/{run.id}/artifacts"


def _is_from_azureml(request: Request) -> bool:
    """Whether azureml-mlflow asks: today's releases under v2.0; those up to 1.42 under v1.0 like plain MLflow, but
    since 1.40 or so under their own name. Before that only their age tells: MLflow 1 with the token of a job."""
    client = request.header("User-Agent").lower()
    is_old = client.startswith("azureml-mlflow") or ("client/1." in client and bool(request.claims.get("run")))
    return "/mlflow/v2.0/" in request.path.lower() or is_old


def list_artifacts(context: Context, request: Request, *, scope: Scope) -> Response:
    """GET artifacts/list: files and folders directly under `path`."""
    run = _find(context, scope, request.query.get("run_id") or request.query.get("run_uuid"))
    files = _list_below(context, places.run_artifacts(context, scope, run.id), request.query.get("path"))
    return json_response({"root_uri": run_uri(context, request, scope, run), "files": files})


def list_proxied(context: Context, request: Request, *, scope: Scope) -> Response:
    """GET mlflow-artifacts/artifacts?path=EXPERIMENT/RUN/artifacts/…"""
    run, path = read_proxied(request.query.get("path"))
    place = places.run_artifacts(context, scope, _find(context, scope, run).id)
    files = _list_below(context, place, path)
    return json_response({"files": [{**file, "path": file["path"].rsplit("/", 1)[-1]} for file in files]})


def get_proxied(context: Context, request: Request, *, scope: Scope, path: str) -> Response:
    place = _proxied_place(context, scope, path)
    blob = context.blobs.find(place.account, place.container, place.path)
    if blob is None:
        raise ArmError(404, "RESOURCE_DOES_NOT_EXIST", f"There is no artifact '{path}'.")
    headers = {"Content-Type": "application/octet-stream"}
    return Response(200, context.blobs.read_pieces(blob), headers, length=blob.size)


def put_proxied(context: Context, request: Request, *, scope: Scope, path: str) -> Response:
    place = _proxied_place(context, scope, path)
    context.blobs.write(place.account, place.container, place.path, iter(lambda: request.body.read(256 * 1024), b""))
    return json_response({})


def delete_proxied(context: Context, request: Request, *, scope: Scope, path: str) -> Response:
    place = _proxied_place(context, scope, path)
    for blob in materials.iterate(context.blobs, place.account, place.container, place.path):
        if blob.name == place.path or blob.name.startswith(f"{place.path}/"):
            context.blobs.delete(place.account, place.container, blob.name)
    return json_response({})


def list_of_run(context: Context, request: Request, *, scope: Scope, run: str, experiment: str) -> Response:
    """GET …/runs/{run}/artifacts: every file, as azureml-mlflow lists."""
    return _list_dtos(
        context, places.run_artifacts(context, scope, _find(context, scope, run).id), "ExperimentRun", f"dcid.{run}"
    )


def create_for_run(context: Context, request: Request, *, scope: Scope, run: str, experiment: str) -> Response:
    """POST …/artifacts/batch/metadata: a URL to write each path to."""
    place = places.run_artifacts(context, scope, _find(context, scope, run).id)
    return _give_urls(context, request, place, "ExperimentRun", f"dcid.{run}")


def locate_in_run(context: Context, request: Request, *, scope: Scope, run: str, experiment: str) -> Response:
    """GET …/artifacts/contentinfo?path=: a URL to read one file from."""
    place = places.run_artifacts(context, scope, _find(context, scope, run).id)
    return _locate(context, request, place, "ExperimentRun", f"dcid.{run}")


def list_outside(context: Context, request: Request, *, scope: Scope, origin: str, container: str) -> Response:
    return _list_dtos(context, _outside(context, scope, origin, container), origin, container)


def create_outside(context: Context, request: Request, *, scope: Scope, origin: str, container: str) -> Response:
    """Uploads that belong to no run, such as those of `mlflow.register_model("file://…")`."""
    return _give_urls(context, request, _outside(context, scope, origin, container), origin, container)


def locate_outside(context: Context, request: Request, *, scope: Scope, origin: str, container: str) -> Response:
    return _locate(context, request, _outside(context, scope, origin, container), origin, container)


def _outside(context: Context, scope: Scope, origin: str, container: str) -> places.Place:
    if origin.lower() == "experimentrun":
        return places.run_artifacts(context, scope, container.removeprefix("dcid."))
    return places.need(context, scope, f"azureml://artifacts/{origin}/{container}")


def _give_urls(context: Context, request: Request, place: places.Place, origin: str, container: str) -> Response:
    """An artifact is written once: a path that is taken comes back among the errors, in Azure's own words."""
    found: dict[str, Any] = {}
    urls: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for asked in request.json().get("paths") or []:
        path = _tidy(str(asked["path"]))
        target = place.under(path)
        if context.blobs.find(target.account, target.container, target.path) is not None:
            sentence = f"Resource Conflict: ArtifactId {origin}/{container}/{path} already exists."
            errors[asked["path"]] = {"error": {"code": "UserError", "message": sentence}}
            continue
        url = places.signed_url(context, target, "rcw")
        found[asked["path"]] = _dto(origin, container, path)
        urls[asked["path"]] = {"contentUri": url, "origin": origin, "container": container, "path": path}
    return json_response({"artifacts": found, "artifactContentInformation": urls, "errors": errors})


def _locate(context: Context, request: Request, place: places.Place, origin: str, container: str) -> Response:
    path = _tidy(request.query.get("path"))
    target = place.under(path)
    if context.blobs.find(target.account, target.container, target.path) is None:
        raise ArmError(404, "UserError", f"There is no artifact '{path}'.")
    url = places.signed_url(context, target, "r")
    return json_response({"contentUri": url, "origin": origin, "container": container, "path": path})


def _tidy(path: str) -> str:
    """Without the `.` that clients take out of a URL, which is signed with its path."""
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _list_dtos(context: Context, place: places.Place, origin: str, container: str) -> Response:
    prefix = f"{place.path}/"
    blobs = materials.iterate(context.blobs, place.account, place.container, prefix)
    return json_response({"value": [_dto(origin, container, blob.name.removeprefix(prefix)) for blob in blobs]})


def _dto(origin: str, container: str, path: str) -> dict[str, Any]:
    return {"artifactId": f"{origin}/{container}/{path}", "origin": origin, "container": container, "path": path}


def _list_below(context: Context, place: places.Place, path: str) -> list[dict[str, Any]]:
    prefix = place.under(path).path + "/"
    found: dict[str, dict[str, Any]] = {}
    for blob in materials.iterate(context.blobs, place.account, place.container, prefix):
        head, slash, _ = blob.name.removeprefix(prefix).partition("/")
        full = "/".join(part for part in (path.strip("/"), head) if part)
        found[head] = (
            {"path": full, "is_dir": True} if slash else {"path": full, "is_dir": False, "file_size": blob.size}
        )
    return [found[name] for name in sorted(found)]


def _proxied_place(context: Context, scope: Scope, path: str) -> places.Place:
    run, inside = read_proxied(unquote(path))
    return places.run_artifacts(context, scope, _find(context, scope, run).id).under(inside)


def read_proxied(path: str) -> tuple[str, str]:
    """(run, path below its artifacts) of EXPERIMENT/RUN/artifacts/…, which is what run_uri() gives a plain client."""
    parts = path.strip("/").split("/", 3)
    if len(parts) < 3 or parts[2] != "artifacts":
        raise ArmError(404, "RESOURCE_DOES_NOT_EXIST", f"There are no artifacts at '{path}'.")
    return parts[1], parts[3] if len(parts) > 3 else ""


def _find(context: Context, scope: Scope, run_id: str) -> runs.Run:
    with context.store.reading() as connection:
        found = runs.find(connection, scope.key, run_id)
    if found is None:
        raise ArmError(404, "RESOURCE_DOES_NOT_EXIST", f"Run '{run_id}' not found.")
    return found
