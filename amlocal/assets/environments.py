"""Environments: an image, a conda file or a build context under a name and version, and the curated ones, which every
workspace has. Making a real one of them is in building/, what curated ones bring in curated.py."""

from __future__ import annotations

import json
from typing import Any

from amlocal.arm.context import Context
from amlocal.assets import curated
from amlocal.assets.containers import Assets
from amlocal.storage import datastores, pages, stamps
from amlocal.storage.store import Page, Record, Scope
from amlocal.web.http import ArmError, Request, Response, json_response

FIXED = ("image", "condaFile", "build")
# Azure counts up; here every version of a curated environment is the same one, and this is the latest.
CURATED_VERSION = "1"
CURATED_SINCE = 1_735_689_600_000_000


def prepare(
    context: Context, scope: Scope, name: str, version: str, properties: dict[str, Any], old: Record | None
) -> dict[str, Any]:
    """An environment is an image (with or without a conda file) or a build context; a version never changes. Raises
    ArmError 400/409."""
    if name.lower().startswith(curated.PREFIX.lower()):
        # In Azure's own words.
        raise ArmError(
            400,
            "UserError",
            "Environment name can not start with the prefix AzureML. To alter a curated environment first create a copy"
            " of it.",
        )
    if not properties.get("image") and not properties.get("build"):
        raise ArmError(400, "UserError", "An environment needs an image or a build context.")
    if properties.get("build"):
        asked = properties["build"]
        place = _with_account(context, scope, str(asked.get("contextUri") or ""))
        properties = {**properties, "build": {"dockerfilePath": "Dockerfile", **asked, "contextUri": place}}
    before = old.body["properties"] if old else properties
    if any(before.get(key) != properties.get(key) for key in FIXED):
        raise ArmError(
            409, "UserError", f"Environment {name} with version {version} is already registered and cannot be changed."
        )
    return {
        "osType": "Linux",
        **properties,
        "environmentType": "UserCreated",
        "provisioningState": "Succeeded",
    }


def _with_account(context: Context, scope: Scope, uri: str) -> str:
    """The SDK keeps host and container of the address it uploaded a build context to; where the account is part of
    the path, that is lost."""
    base = f"{context.settings.public_url}/"
    if not context.settings.is_path_style or not uri.startswith(base) or ".blob." in uri.removeprefix(base):
        return uri
    account, _ = datastores.place_of(context, scope, "workspaceblobstore")
    return f"{context.settings.blob_url(account)}/{uri.removeprefix(base)}"


class Environments(Assets):
    """With the curated ones, which nobody stored."""

    def find(self, context: Context, scope: Scope, name: str, version: str) -> Record:
        return _curated(name, version) or super().find(context, scope, name, version)

    def list_versions(self, context: Context, request: Request, *, scope: Scope, name: str) -> Response:
        record = _curated(name, CURATED_VERSION)
        if record is None:
            return super().list_versions(context, request, scope=scope, name=name)
        return pages.render(context, request, Page([record], ""), lambda found: self.to_arm(scope, found))

    def get_container(self, context: Context, request: Request, *, scope: Scope, name: str) -> Response:
        if _curated(name, CURATED_VERSION) is None:
            return super().get_container(context, request, scope=scope, name=name)
        return json_response(self._curated_container(scope, name))

    def list_containers(self, context: Context, request: Request, *, scope: Scope) -> Response:
        """The workspace's own first, then the curated ones on the last page."""
        answer = super().list_containers(context, request, scope=scope)
        page = json.loads(answer.body) if isinstance(answer.body, bytes) else {}
        is_for_all = (request.query.get("listViewType") or "ActiveOnly") != "ArchivedOnly" and not (
            request.query.get("tags") or request.query.get("$top")
        )
        if is_for_all and "nextLink" not in page:
            page["value"] += [self._curated_container(scope, name) for name in curated.shown()]
        return json_response(page)

    def _curated_container(self, scope: Scope, name: str) -> dict[str, Any]:
        return {
            "id": f"{scope.arm_id}/{self.kind}/{name}",
            "name": name,
            "type": f"Microsoft.MachineLearningServices/workspaces/{self.kind}",
            "systemData": stamps.system_data(_record(name, "")),
            "properties": {
                "tags": {},
                "properties": {},
                "isArchived": False,
                "latestVersion": CURATED_VERSION,
                "nextVersion": str(int(CURATED_VERSION) + 1),
            },
        }


def _curated(name: str, version: str) -> Record | None:
    """None for names that are not curated ones or not known."""
    is_one = name.lower().startswith(curated.PREFIX.lower()) and curated.find(name) is not None
    return _record(name, version) if is_one else None


def _record(name: str, version: str) -> Record:
    image = f"mcr.microsoft.com/azureml/curated/{name[len(curated.PREFIX) :].lower()}:{version}"
    known = curated.find(name)
    properties: dict[str, Any] = {
        "description": f"Here it brings {', '.join(known.requirements)}." if known else None,
        "environmentType": "Curated",
        "image": image,
        "isAnonymous": False,
        "isArchived": False,
        "osType": "Linux",
        "properties": {},
        "provisioningState": "Succeeded",
        "tags": {},
    }
    return Record(0, "environments", name, version, {"properties": properties}, CURATED_SINCE, CURATED_SINCE, "")


environments = Environments("environments", prepare)
