"""Versions of data as the data plane tells them: what `mltable.load` asks of a data asset. ARM's view is in data.py."""

from __future__ import annotations

from typing import Any

from amlocal.arm.context import Context
from amlocal.assets.data import data
from amlocal.storage import stamps
from amlocal.storage.store import Record, Scope
from amlocal.web.http import Request, Response, json_response

# This service has older words for the types.
WORDS = {"uri_file": "UriFile", "uri_folder": "UriFolder", "mltable": "MLTable"}


def get(context: Context, request: Request, *, scope: Scope, name: str, version: str) -> Response:
    """GET /data/v1.0…/dataversion/{name}/versions/{version}"""
    return json_response(_to_wire(scope, data.find(context, scope, name, version)))


def _to_wire(scope: Scope, record: Record) -> dict[str, Any]:
    properties = record.body["properties"]
    asset_id = f"azureml:/{scope.arm_id}/data/{record.name}/versions/{record.version}"
    mutable = {name: properties.get(name) for name in ("description", "tags", "isArchived")}
    stamped = stamps.system_data(record)
    return {
        "dataVersion": {
            "assetId": asset_id,
            "dataContainerName": record.name,
            "dataType": WORDS[properties["dataType"]],
            "dataUri": properties["dataUri"],
            "versionId": record.version,
            "mutableProps": mutable,
            "referencedDataUris": properties.get("referencedUris"),
            "properties": properties["properties"],
            "initialAssetId": asset_id,
            "isRegistered": not properties["isAnonymous"],
        },
        "entityMetadata": {
            "etag": record.etag,
            "createdTime": stamped["createdAt"],
            "modifiedTime": stamped["lastModifiedAt"],
        },
        "isV2": True,
    }
