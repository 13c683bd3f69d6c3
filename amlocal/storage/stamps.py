"""Who wrote a record and when, as ARM tells it, and how it spells a time."""

from __future__ import annotations

import datetime

from amlocal.storage.store import Record


def system_data(record: Record) -> dict[str, str]:
    """Who and when, as ARM tells it. Microseconds matter: the SDK picks the latest of two versions by them."""
    return {
        "createdAt": iso(record.created_at),
        "createdBy": "amlocal",
        "createdByType": "Application",
        "lastModifiedAt": iso(record.modified_at),
        "lastModifiedBy": "amlocal",
        "lastModifiedByType": "Application",
    }


def iso(microseconds: int) -> str:
    moment = datetime.datetime.fromtimestamp(microseconds / 1e6, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"
