"""What data, codes, environments and models have in common: a container with versions. Each kind's own rules are in
its own file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from amlocal.arm.context import Context
from amlocal.storage import pages, stamps
from amlocal.storage.store import Record, Scope
from amlocal.web import names
from amlocal.web.http import ArmError, Request, Response, json_response

# (context, scope, name, version, properties as sent, the stored record or None) -> properties to store
Prepare = Callable[["Context", Scope, str, str, dict[str, Any], "Record | None"], dict[str, Any]]


def immutable(what: str, field: str) -> ArmError:
    """Azure's refusal of another content under a version that is taken; its sentence for data, said of the others."""
    return ArmError(
        409,
        "UserError",
        f"A {what} with this name and version already exists. If you are trying to create a new {what}, use a different"
        f" name or version. If you are trying to update an existing {what}, the existing asset's {field} cannot be"
        " changed. Only tags, description, and isArchived can be updated.",
    )


@dataclass(frozen=True)
class Assets:
    """The handlers of one kind; `kind` is both its word in the path and its name in the store."""

    kind: str
    prepare: Prepare
    # What a container's properties carry over from the properties of a version, such as `dataType`.
    shared: tuple[str, ...] = ()

    @property
    def container_kind(self) -> str:
        return f"{self.kind}-containers"

    def put_version(self, context: Context, request: Request, *, scope: Scope, name: str, version: str) -> Response:
        for part in (name, version):
            if told := names.ASSET.broken(part):
                raise ArmError(400, "UserError", told)
        properties = request.json().get("properties") or {}
        old, record = self.save(context, scope, name, version, properties)
        return json_response(self.to_arm(scope, record), 200 if old else 201)

    def save(
        self, context: Context, scope: Scope, name: str, version: str, properties: dict[str, Any]
    ) -> tuple[Record | None, Record]:
        """Store a version and, if need be, its container: (what was there before, what is there now)."""
        with context.store.writing():
            old = context.store.get(self.kind, scope, name, version)
            prepared = self.prepare(context, scope, name, version, properties, old)
            defaults = {"isArchived": False, "isAnonymous": False, "tags": {}, "properties": {}}
            kept = {key: value for key, value in prepared.items() if value is not None}
            record = context.store.put(self.kind, scope, name, version, {"properties": {**defaults, **kept}})
            if context.store.get(self.container_kind, scope, name) is None:
                carried = {key: kept[key] for key in self.shared if key in kept}
                # An anonymous asset's container must not show up in a list.
                hidden = {"isArchived": bool(kept.get("isAnonymous"))}
                body = {"properties": {"tags": {}, "properties": {}, **carried, **hidden}}
                context.store.put(self.container_kind, scope, name, "", body)
        return old, record

    def get_version(self, context: Context, request: Request, *, scope: Scope, name: str, version: str) -> Response:
        return json_response(self.to_arm(scope, self.find(context, scope, name, version)))

    def find(self, context: Context, scope: Scope, name: str, version: str) -> Record:
        """Raises ArmError 404."""
        record = context.store.get(self.kind, scope, name, version)
        if record is None:
            raise ArmError(
                404, "UserError", f"Could not find {self.kind} asset {name}:{version} in workspace {scope.workspace}."
            )
        return record

    def delete_version(self, context: Context, request: Request, *, scope: Scope, name: str, version: str) -> Response:
        return Response(200 if context.store.delete(self.kind, scope, name, version) else 204)

    def list_versions(self, context: Context, request: Request, *, scope: Scope, name: str) -> Response:
        accept = pages.is_listed(request)
        return pages.answer(
            context, request, self.kind, scope, lambda record: self.to_arm(scope, record), name=name, accept=accept
        )

    def put_container(self, context: Context, request: Request, *, scope: Scope, name: str) -> Response:
        if told := names.ASSET.broken(name):
            raise ArmError(400, "UserError", told)
        sent = request.json().get("properties") or {}
        with context.store.writing():
            old = context.store.get(self.container_kind, scope, name)
            before = old.body["properties"] if old else {"tags": {}, "properties": {}, "isArchived": False}
            wanted = {key: value for key, value in sent.items() if value is not None}
            record = context.store.put(self.container_kind, scope, name, "", {"properties": {**before, **wanted}})
        return json_response(self.container_to_arm(context, scope, record), 200 if old else 201)

    def get_container(self, context: Context, request: Request, *, scope: Scope, name: str) -> Response:
        record = context.store.get(self.container_kind, scope, name)
        if record is None:
            raise ArmError(404, "UserError", f"Could not find {self.kind} asset {name} in workspace {scope.workspace}.")
        return json_response(self.container_to_arm(context, scope, record))

    def delete_container(self, context: Context, request: Request, *, scope: Scope, name: str) -> Response:
        """The container and every version of it."""
        with context.store.writing():
            for record in context.store.list(self.kind, scope, name=name, top=1_000_000).records:
                context.store.delete(self.kind, scope, record.name, record.version)
            was_there = context.store.delete(self.container_kind, scope, name)
        return Response(200 if was_there else 204)

    def list_containers(self, context: Context, request: Request, *, scope: Scope) -> Response:
        return pages.answer(
            context,
            request,
            self.container_kind,
            scope,
            lambda record: self.container_to_arm(context, scope, record),
            accept=pages.is_listed(request),
        )

    def to_arm(self, scope: Scope, record: Record) -> dict[str, Any]:
        return {
            "id": f"{scope.arm_id}/{self.kind}/{record.name}/versions/{record.version}",
            "name": record.version,
            "type": f"Microsoft.MachineLearningServices/workspaces/{self.kind}/versions",
            "systemData": stamps.system_data(record),
            "properties": record.body["properties"],
        }

    def container_to_arm(self, context: Context, scope: Scope, record: Record) -> dict[str, Any]:
        versions = context.store.list(self.kind, scope, name=record.name, top=1).records
        number = context.store.highest_number(self.kind, scope, record.name)
        newest = {"latestVersion": versions[0].version} if versions else {}
        # Aliases are MLflow's: ARM does not know them.
        told = {name: value for name, value in record.body["properties"].items() if name != "aliases"}
        return {
            "id": f"{scope.arm_id}/{self.kind}/{record.name}",
            "name": record.name,
            "type": f"Microsoft.MachineLearningServices/workspaces/{self.kind}",
            "systemData": stamps.system_data(record),
            "properties": {**told, **newest, "nextVersion": str(number + 1)},
        }
