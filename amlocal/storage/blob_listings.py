"""The XML of a container's listing: prefix, delimiter, marker, metadata. Permission is checked
in `blob_service.py`."""

from __future__ import annotations

import email.utils
from collections.abc import Iterable
from xml.sax.saxutils import escape

from amlocal.storage.blobs import Blob
from amlocal.storage.context import Context
from amlocal.web.http import Request

# Azure's own page, and its highest.
PAGE = 5000


def render(context: Context, request: Request, account: str, container: str, before: str = "") -> str:
    """Listing with prefix, delimiter and marker. Folders of a delimiter count as entries, as Azure counts them.
    `before` stands in front of every name, in what is asked and in what is answered."""
    query = request.query
    delimiter, limit = query.get("delimiter"), query.number("maxresults", PAGE)
    prefix, after = (query.get(name).removeprefix(before) for name in ("prefix", "marker"))
    limit = max(1, min(limit, PAGE))
    entries = list(_entries(context, account, container, prefix, delimiter, after, limit + 1))
    is_more = len(entries) > limit
    entries = entries[:limit]
    with_metadata = "metadata" in query.get("include")
    items = "".join(_entry(entry, with_metadata, before) for entry in entries)
    last = entries[-1] if is_more else ""
    name = last.name if isinstance(last, Blob) else last
    marker = f"{before}{name}" if name else ""
    echo = "".join(
        f"<{tag}>{escape(value)}</{tag}>"
        for tag, value in (("Prefix", query.get("prefix")), ("Marker", query.get("marker")), ("Delimiter", delimiter))
        if value
    )
    address = escape(context.settings.blob_url(account), {'"': "&quot;"})
    return (
        f'<EnumerationResults ServiceEndpoint="{address}/" ContainerName="{escape(container)}">{echo}'
        f"<MaxResults>{limit}</MaxResults><Blobs>{items}</Blobs><NextMarker>{escape(marker)}</NextMarker>"
        "</EnumerationResults>"
    )


def _entries(
    context: Context, account: str, container: str, prefix: str, delimiter: str, after: str, limit: int
) -> Iterable[Blob | str]:
    """Blobs, and with a delimiter the names of folders (ending in it), in the order of their names."""
    given = 0
    while given < limit:
        # Everything in a folder that was given already is passed over in one step.
        is_folder = delimiter and after.endswith(delimiter) and len(after) > len(prefix)
        start = after + "\U0010ffff" if is_folder else after
        page = context.blobs.list(account, container, prefix, start, limit - given)
        if not page:
            return
        for blob in page:
            folder, found, _ = blob.name[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
            given += 1
            after = f"{prefix}{folder}{delimiter}" if found else blob.name
            yield after if found else blob
            if found:
                break


def _entry(entry: Blob | str, with_metadata: bool, before: str) -> str:
    if isinstance(entry, str):
        return f"<BlobPrefix><Name>{escape(before + entry)}</Name></BlobPrefix>"
    times = (("Creation-Time", entry.created_at), ("Last-Modified", entry.modified_at))
    moments = "".join(f"<{tag}>{email.utils.formatdate(value, usegmt=True)}</{tag}>" for tag, value in times)
    metadata = ""
    if with_metadata:
        pairs = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in entry.metadata.items())
        metadata = f"<Metadata>{pairs}</Metadata>"
    return (
        f"<Blob><Name>{escape(before + entry.name)}</Name><Properties>{moments}<Etag>{entry.etag.strip(chr(34))}</Etag>"
        f"<Content-Length>{entry.size}</Content-Length><Content-Type>{escape(entry.content_type)}</Content-Type>"
        f"<Content-MD5>{entry.content_md5}</Content-MD5><BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier>"
        f"<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState></Properties>{metadata}</Blob>"
    )
