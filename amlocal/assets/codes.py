"""Code assets: uploaded folders, found again by the hash of what is in them."""

from __future__ import annotations

import uuid
from typing import Any

from amlocal.arm import workspaces
from amlocal.arm.context import Context
from amlocal.assets import containers
from amlocal.assets.containers import Assets
from amlocal.storage import blob_signatures, pages
from amlocal.storage.store import Record, Scope
from amlocal.web.http import Request, Response, json_response

UPLOAD_SECONDS = 24 * 3600


def prepare(
    context: Context, scope: Scope, name: str, version: str, properties: dict[str, Any], old: Record | None
) -> dict[str, Any]:
    """Raises ArmError 409: what a version holds never changes."""
    if old is not None and old.body["properties"].get("codeUri") != properties.get("codeUri"):
        raise containers.immutable("code version", "code uri")
    return {**properties, "provisioningState": "Succeeded"}


codes = Assets("codes", prepare)


def list_versions(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """GET codes/{name}/versions. With `hash` every code of the workspace is searched: the SDK's `name` is a fresh
    random one."""
    wanted = request.query.get("hash")
    if not wanted:
        return codes.list_versions(context, request, scope=scope, name=name)

    def has_hash(record: Record) -> bool:
        return bool((record.body["properties"].get("properties") or {}).get("hash_sha256") == wanted)

    page = context.store.list(codes.kind, scope, top=1, accept=has_hash)
    return pages.render(context, request, page, lambda record: codes.to_arm(scope, record), is_last=True)


def start_upload(context: Context, request: Request, *, scope: Scope, name: str, version: str) -> Response:
    """POST …/startPendingUpload: a new blob container of its own and a signature to write into it."""
    account = workspaces.account_of(context, scope)
    container = f"{uuid.uuid4().hex}-{uuid.uuid4().hex[:20]}"
    context.blobs.create_container(account, container)
    signature = blob_signatures.sign_container(context, account, container, "racwdl", UPLOAD_SECONDS)
    uri = f"{context.settings.blob_url(account)}/{container}"
    reference = {
        "blobUri": uri,
        "storageAccountArmId": workspaces.storage_arm_id(scope, account),
        "credential": {"credentialType": "SAS", "sasUri": f"{uri}?{signature}"},
    }
    return json_response(
        {
            "pendingUploadId": str(uuid.uuid4()),
            "pendingUploadType": "TemporaryBlobReference",
            "blobReferenceForConsumption": reference,
        }
    )
