"""Datastores as the data plane tells them, secrets and all: what mltable, azureml-fsspec and mounts ask for. ARM's view
is in datastores.py."""

from __future__ import annotations

from typing import Any

from amlocal.storage import blob_signatures, datastore_types, datastores, pages
from amlocal.storage.context import Context
from amlocal.storage.store import Record, Scope
from amlocal.web.http import Request, Response, json_response


def get(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """GET /datastore/v1.0…/datastores/{name}"""
    return json_response(_to_wire(context, scope, datastores.find(context, scope, name)))


def get_default(context: Context, request: Request, *, scope: Scope) -> Response:
    """GET /datastore/v1.0…/default"""
    return get(context, request, scope=scope, name=datastores.DEFAULT)


def list_datastores(context: Context, request: Request, *, scope: Scope) -> Response:
    """GET /datastore/v1.0…/datastores: those that can be read."""

    def accept(record: Record) -> bool:
        return datastores.is_ours(context, record)

    return pages.answer(
        context, request, datastores.KIND, scope, lambda record: _to_wire(context, scope, record), accept=accept
    )


def _to_wire(context: Context, scope: Scope, record: Record) -> dict[str, Any]:
    """Field by field what azureml-core's models of this service have. Only blob containers of ours can be read."""
    account, container = datastores.place_of(context, scope, record.name)
    settings = context.settings
    signature = blob_signatures.sign_container(context, account, container, "racwdl")
    section = {
        "accountName": settings.account_name(account),
        "containerName": container,
        "endpoint": settings.storage_suffix,
        "protocol": "https",
        "subscriptionId": scope.subscription,
        "resourceGroup": scope.group,
        "credentialType": "None" if settings.is_least_kind else "Sas",
        "credential": None if settings.is_least_kind else signature,
    }
    return {
        "name": record.name,
        "dataStoreType": datastore_types.BLOB,
        "hasBeenValidated": True,
        "tags": record.body["properties"]["tags"],
        "azureStorageSection": section,
        "isDefault": record.name == datastores.DEFAULT,
    }
