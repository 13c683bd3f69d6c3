"""Where a URI leads inside our blob storage: azureml:// in all its spellings, runs:/, ARM ids of data and models, our
own blob URLs.

What is done with a place (copying in and out) is in materials.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit

from amlocal.storage import blob_signatures, datastores, scopes
from amlocal.storage.context import Context
from amlocal.storage.store import Scope
from amlocal.web.http import ArmError

ARTIFACT_STORE = "workspaceartifactstore"
_DATASTORE = re.compile(
    r"azureml://(?:subscriptions/([^/]+)/resourcegroups/([^/]+)/(?:providers/[^/]+/)?workspaces/([^/]+)/)?datastores/([^/]+)(?:/paths)?/?(.*)$",
    re.I,
)
_JOB_OUTPUT = re.compile(r"azureml://(?:.*/)?jobs/([^/]+)/outputs/([^/]+)(?:/paths)?/?(.*)$", re.I)
_RUN = re.compile(r"(?:azureml://.*/runs/([^/]+)/artifacts|runs:/([^/]+))/?(.*)$", re.I)
_LOCAL_ARTIFACT = re.compile(r"azureml://artifacts/(.+)$", re.I)
_ASSET = re.compile(r"(?!https?:).*/(data|models)/([^/]+)/(versions|labels)/([^/]+)$", re.I)
_SHORT_ASSET = re.compile(r"azureml:([^:/@]+)(?::|@)([^:/@]+)$", re.I)


@dataclass(frozen=True)
class Place:
    """A blob, or all blobs under `path` + "/"."""

    account: str
    container: str
    path: str

    @property
    def base_name(self) -> str:
        return PurePosixPath(self.path).name

    def under(self, path: str) -> Place:
        return Place(self.account, self.container, "/".join(part for part in (self.path, path.strip("/")) if part))


def find(context: Context, scope: Scope, uri: str) -> Place | None:
    """The place of a URI; None when it leads out of this amlocal. Raises ArmError when it names something that is not
    there."""
    uri = resolve(context, scope, uri)
    for pattern, follow in (
        (_JOB_OUTPUT, _job_output),
        (_DATASTORE, _datastore),
        (_RUN, _run),
        (_LOCAL_ARTIFACT, _local),
    ):
        found = pattern.match(uri)
        if found is not None:
            return follow(context, scope, found)
    return _own_blob(context, uri)


def need(context: Context, scope: Scope, uri: str) -> Place:
    """Raises ArmError 400 where find() answers None."""
    place = find(context, scope, uri)
    if place is None:
        raise ArmError(400, "UserError", f"The path '{uri}' does not lead to the storage of this workspace.")
    return place


def run_artifacts(context: Context, scope: Scope, run_id: str) -> Place:
    """Where a run's logs, ./outputs and MLflow artifacts are."""
    return need(context, scope, run_artifacts_uri(run_id))


def run_artifacts_uri(run_id: str) -> str:
    return f"azureml://datastores/{ARTIFACT_STORE}/ExperimentRun/dcid.{run_id}"


def signed_url(context: Context, place: Place, permissions: str) -> str:
    """A URL that needs no other key for a day; `permissions` of r, c, w in this order."""
    signature = blob_signatures.sign_blob(context, place.account, place.container, place.path, permissions)
    return f"{context.settings.blob_url(place.account)}/{place.container}/{quote(place.path)}?{signature}"


def resolve(context: Context, scope: Scope, uri: str) -> str:
    """Where the files of a data asset or a model are, perhaps outside; other URIs as they are. Raises ArmError 404."""
    if any(pattern.match(uri) for pattern in (_JOB_OUTPUT, _DATASTORE, _RUN)):
        return uri
    found, short = _ASSET.match(uri), _SHORT_ASSET.match(uri)
    if found is not None:
        return _asset_uri(context, scope, found[1].lower(), found[2], found[4])
    return _asset_uri(context, scope, "data", short[1], short[2]) if short else uri


def to_datastore_uri(context: Context, scope: Scope, uri: str) -> str:
    """The long azureml:// URI Azure answers for an asset, a job output or a run; other URIs as they are. Raises
    ArmError 404."""
    uri = resolve(context, scope, uri)
    found = _JOB_OUTPUT.match(uri)
    if found is not None:
        uri = _job_output_uri(context, scope, found[1], found[2], found[3])
    run = _RUN.match(uri)
    if run is not None:
        uri = f"{run_artifacts_uri(run[1] or run[2])}/{run[3]}".rstrip("/")
    short = _DATASTORE.match(uri)
    if short is None:
        return uri
    subscription, group, workspace = (short[1], short[2], short[3]) if short[1] else scope
    base = f"azureml://subscriptions/{subscription}/resourceGroups/{group}/workspaces/{workspace}"
    return f"{base}/datastores/{short[4]}/paths/{short[5]}"


def _datastore(context: Context, scope: Scope, found: re.Match[str]) -> Place:
    if found[1]:
        scope = scopes.find_workspace(context, found[1], found[2], found[3])
    account, container = datastores.place_of(context, scope, found[4])
    return Place(account, container, found[5].strip("/"))


def _job_output(context: Context, scope: Scope, found: re.Match[str]) -> Place:
    return need(context, scope, _job_output_uri(context, scope, found[1], found[2], found[3]))


def _job_output_uri(context: Context, scope: Scope, job: str, output: str, path: str) -> str:
    with context.store.reading() as connection:
        row = connection.execute("SELECT id FROM runs WHERE scope = ? AND id = ?", (scope.key, job)).fetchone()
    if row is None:
        raise ArmError(404, "NotFound", f"Job '{job}' was not found.")
    base = run_artifacts_uri(row["id"])
    if output.lower() not in ("artifacts", "default"):
        record = context.store.get("jobs", scope, job)
        outputs = (record.body["properties"].get("outputs") or {}) if record else {}
        if output not in outputs:
            raise ArmError(404, "NotFound", f"Job '{job}' has no output '{output}'.")
        base = str(outputs[output]["uri"])
    return f"{base.rstrip('/')}/{path}".rstrip("/")


def _run(context: Context, scope: Scope, found: re.Match[str]) -> Place:
    return run_artifacts(context, scope, found[1] or found[2]).under(found[3])


def _local(context: Context, scope: Scope, found: re.Match[str]) -> Place:
    return need(context, scope, f"azureml://datastores/workspaceblobstore/paths/{found[1]}")


def _asset_uri(context: Context, scope: Scope, kind: str, name: str, version: str) -> str:
    if version.lower() == "latest":
        newest = context.store.list(kind, scope, name=name, top=1).records
        record = newest[0] if newest else None
    else:
        record = context.store.get(kind, scope, name, version)
    if record is None:
        raise ArmError(404, "NotFound", f"Asset '{name}' with version '{version}' was not found.")
    properties = record.body["properties"]
    return str(properties.get("dataUri") or properties.get("modelUri"))


def _own_blob(context: Context, uri: str) -> Place | None:
    parts = urlsplit(uri)
    suffix = f".blob.{context.settings.storage_suffix}"
    if parts.scheme in ("wasb", "wasbs", "abfss") and parts.hostname and "@" in parts.netloc:
        if not parts.hostname.endswith(suffix.partition(":")[0]):
            return None
        return Place(parts.hostname.partition(".")[0], parts.username or "", unquote(parts.path).strip("/"))
    if context.settings.is_path_style and parts.netloc == context.settings.netloc:
        host, _, path = unquote(parts.path).strip("/").partition("/")
    else:
        host, path = parts.netloc, unquote(parts.path).strip("/")
    if parts.scheme != "https" or not host.endswith(suffix):
        return None
    container, _, name = path.partition("/")
    return Place(host.removesuffix(suffix), container, name.strip("/"))
