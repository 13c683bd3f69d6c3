"""The blob service's REST API over `blobs.py`: containers, block blobs, ranges, conditions, metadata, listing. No
page blobs, leases or snapshots."""

from __future__ import annotations

import base64
import email.utils
import functools
import hashlib
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from urllib.parse import unquote
from xml.sax.saxutils import escape

from amlocal.storage import blob_listings, blob_signatures
from amlocal.storage.blobs import Blob
from amlocal.storage.contents import check_name
from amlocal.storage.context import Context
from amlocal.web.http import ArmError, Request, Response

VERSION = "2025-01-05"
META = "x-ms-meta-"
PIECE = 256 * 1024
# Azure refuses a Put Blob of more than 5,000 MiB and a block list of more than 50,000 blocks.
LIST_LIMIT = 8 * 1024 * 1024
CONTAINER_NAME = re.compile(r"\$(root|web|logs)|(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")
Verb = Callable[..., Response]


def speaks_xml(verb: Verb) -> Verb:
    """Errors as the storage service writes them; the account's name in lower case; the blob's name exactly as sent."""

    @functools.wraps(verb)
    def wrapped(context: Context, request: Request, *, account: str, container: str = "", name: str = "") -> Response:
        try:
            if name:
                name = unquote(request.raw_path.split(f"/{_quoted(request, container)}/", 1)[1])
                check_name(name)
            blob_signatures.key_of(context, account.lower())
            response = verb(context, request, account=account.lower(), container=container, name=name)
        except ArmError as exc:
            # Storage clients repeat what is answered with 500 and above, for minutes: a full disk is told at once.
            status = 413 if exc.status == 507 else exc.status
            response = answer_xml(
                f"<Error><Code>{exc.code}</Code><Message>{escape(exc.message)}</Message></Error>", status
            )
            response.headers |= {"x-ms-error-code": exc.code, **exc.headers}
        response.headers.setdefault("x-ms-version", VERSION)
        return response

    return wrapped


def _quoted(request: Request, container: str) -> str:
    """The container as the client spelled it in the path (it may be percent-encoded, as in %24web)."""
    return next(part for part in request.raw_path.split("/") if unquote(part) == container)


def answer_xml(content: str, status: int = 200) -> Response:
    body = f'<?xml version="1.0" encoding="utf-8"?>{content}'.encode()
    return Response(status, body, {"Content-Type": "application/xml"})


def _facts(blob: Blob) -> dict[str, str]:
    return {
        "ETag": blob.etag,
        "Last-Modified": email.utils.formatdate(blob.modified_at, usegmt=True),
        "x-ms-request-server-encrypted": "true",
    }


def _properties(blob: Blob) -> dict[str, str]:
    md5 = {"Content-MD5": blob.content_md5} if blob.content_md5 else {}
    return {
        **_facts(blob),
        **md5,
        "Content-Type": blob.content_type,
        "Accept-Ranges": "bytes",
        "x-ms-blob-type": "BlockBlob",
        "x-ms-creation-time": email.utils.formatdate(blob.created_at, usegmt=True),
        "x-ms-lease-state": "available",
        "x-ms-lease-status": "unlocked",
        "x-ms-server-encrypted": "true",
        **{META + name: value for name, value in blob.metadata.items()},
    }


def _metadata(request: Request) -> dict[str, str]:
    """The x-ms-meta- headers. Raises ArmError 400 on a name that is no identifier, as Azure does."""
    found = {name[len(META) :]: str(value) for name, value in request.headers.items() if name.lower().startswith(META)}
    for name in found:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise ArmError(400, "InvalidMetadata", f"{name!r} is not a name for metadata.")
    return found


def _find(context: Context, account: str, container: str, name: str) -> Blob:
    blob = context.blobs.find(account, container, name)
    if blob is not None:
        return blob
    _check_container(context, account, container)
    raise ArmError(404, "BlobNotFound", "The specified blob does not exist.")


def _check_container(context: Context, account: str, container: str) -> None:
    if not context.blobs.has_container(account, container):
        raise ArmError(404, "ContainerNotFound", "The specified container does not exist.")


def _check_conditions(request: Request, blob: Blob | None) -> None:
    wanted, unwanted = request.header("If-Match"), request.header("If-None-Match")
    if unwanted == "*" and blob is not None:
        raise ArmError(409, "BlobAlreadyExists", "The specified blob already exists.")
    is_other = blob is None or wanted != blob.etag
    if (wanted and wanted != "*" and is_other) or (wanted == "*" and blob is None):
        raise ArmError(412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.")
    if blob is not None and unwanted == blob.etag:
        raise ArmError(304 if request.method in ("GET", "HEAD") else 412, "ConditionNotMet", "It has not changed.")


def _range(request: Request, size: int) -> tuple[int, int] | None:
    """(offset, length) of the range asked for, None for everything. Raises ArmError 416."""
    text = request.header("x-ms-range") or request.header("Range")
    if not text:
        return None
    first, _, last = text.removeprefix("bytes=").partition("-")
    if not re.fullmatch("[0-9]{1,15}", first) or not re.fullmatch("[0-9]{0,15}", last):
        raise ArmError(400, "InvalidHeaderValue", f"The range {text!r} is not one.")
    if int(first) >= size:
        headers = {"Content-Range": f"bytes */{size}"}
        raise ArmError(416, "InvalidRange", "The range specified is invalid for the current size.", headers=headers)
    return int(first), min(int(last) if last else size - 1, size - 1) - int(first) + 1


@speaks_xml
def get(context: Context, request: Request, *, account: str, container: str, name: str) -> Response:
    """GET and HEAD of a blob: all of it, or a range with 206."""
    blob_signatures.check(context, request, account, container, name, "r")
    if request.query.get("comp"):
        raise ArmError(501, "NotImplemented", f"comp={request.query.get('comp')} is not in amlocal.")
    blob = _find(context, account, container, name)
    _check_conditions(request, blob)
    if request.method == "HEAD":
        return Response(200, headers=_properties(blob), length=blob.size)
    wanted = _range(request, blob.size)
    offset, length = wanted or (0, blob.size)
    headers = _properties(blob)
    if wanted:
        headers["x-ms-blob-content-md5"] = headers.pop("Content-MD5", "")
        headers["Content-Range"] = f"bytes {offset}-{offset + length - 1}/{blob.size}"
    pieces = context.blobs.read_pieces(blob, offset, length)
    return Response(206 if wanted else 200, pieces, headers, length=length)


@speaks_xml
def put(context: Context, request: Request, *, account: str, container: str, name: str) -> Response:
    """PUT of a blob, a block, a block list or metadata."""
    comp = request.query.get("comp")
    # The permission to create is none to write over.
    may_create = comp == "block" or (comp != "metadata" and context.blobs.find(account, container, name) is None)
    blob_signatures.check(context, request, account, container, name, "wc" if may_create else "w")
    _check_container(context, account, container)
    verbs = {"": _put_blob, "block": _put_block, "blocklist": _put_block_list, "metadata": _put_metadata}
    if comp not in verbs or request.header("x-ms-copy-source"):
        raise ArmError(501, "NotImplemented", f"PUT with comp={comp!r} or a copy source is not in amlocal.")
    return verbs[comp](context, request, account, container, name)


def _put_blob(context: Context, request: Request, account: str, container: str, name: str) -> Response:
    kind = request.header("x-ms-blob-type", "BlockBlob")
    if kind != "BlockBlob":
        raise ArmError(501, "NotImplemented", f"amlocal keeps block blobs only, no {kind}.")
    _check_conditions(request, context.blobs.find(account, container, name))
    blob = context.blobs.write(
        account,
        container,
        name,
        _checked(request),
        content_type=request.header("x-ms-blob-content-type") or "application/octet-stream",
        metadata=_metadata(request),
    )
    return Response(201, headers={**_facts(blob), "Content-MD5": blob.content_md5})


def _checked(request: Request) -> Iterator[bytes]:
    """The body in pieces; raises ArmError 400 at its end when it is not what Content-MD5 says."""
    wanted = _md5(request)
    digest = hashlib.md5(usedforsecurity=False)
    for piece in iter(lambda: request.body.read(PIECE), b""):
        if wanted:
            digest.update(piece)
        yield piece
    if wanted and wanted != digest.digest():
        raise ArmError(400, "Md5Mismatch", "The MD5 value specified in the request did not match the body.")


def _md5(request: Request) -> bytes:
    try:
        return base64.b64decode(request.header("Content-MD5"), validate=True)
    except ValueError:
        raise ArmError(400, "InvalidMd5", "The Content-MD5 value is not base64.") from None


def _put_block(context: Context, request: Request, account: str, container: str, name: str) -> Response:
    block = request.query.get("blockid")
    if not block:
        raise ArmError(400, "InvalidQueryParameterValue", "blockid is missing.")
    context.blobs.put_block(account, container, name, block, _checked(request))
    return Response(201, headers={"x-ms-request-server-encrypted": "true"})


def _put_block_list(context: Context, request: Request, account: str, container: str, name: str) -> Response:
    _check_conditions(request, context.blobs.find(account, container, name))
    try:
        # As text: in another encoding a document type would not be seen.
        content = request.read_all(LIST_LIMIT).decode("utf-8-sig")
        if "<!DOCTYPE" in content:
            raise ArmError(400, "InvalidXmlDocument", "A block list has no document type.")
        blocks = [element.text or "" for element in ET.fromstring(content)]  # noqa: S314 - no entities without a DOCTYPE
    except (ET.ParseError, UnicodeDecodeError) as exc:
        raise ArmError(400, "InvalidXmlDocument", f"The block list is not XML: {exc}") from exc
    blob = context.blobs.put_block_list(
        account,
        container,
        name,
        blocks,
        content_type=request.header("x-ms-blob-content-type") or "application/octet-stream",
        metadata=_metadata(request),
    )
    return Response(201, headers=_facts(blob))


def _put_metadata(context: Context, request: Request, account: str, container: str, name: str) -> Response:
    _check_conditions(request, _find(context, account, container, name))
    blob = context.blobs.set_metadata(account, container, name, _metadata(request))
    return Response(200, headers=_facts(blob) if blob else {})


@speaks_xml
def delete(context: Context, request: Request, *, account: str, container: str, name: str) -> Response:
    blob_signatures.check(context, request, account, container, name, "d")
    _check_conditions(request, _find(context, account, container, name))
    context.blobs.delete(account, container, name)
    return Response(202, headers={"x-ms-delete-type-permanent": "true"})


@speaks_xml
def get_container(context: Context, request: Request, *, account: str, container: str, name: str) -> Response:
    """GET ?comp=list, or GET and HEAD of the container's properties."""
    is_list = request.query.get("comp") == "list"
    blob_signatures.check(context, request, account, container, "", "l" if is_list else "r")
    _check_container(context, account, container)
    if is_list:
        return answer_xml(blob_listings.render(context, request, account, container))
    facts = {"x-ms-lease-state": "available", "x-ms-lease-status": "unlocked", "ETag": '"0x1"'}
    return Response(200, headers={**facts, "Last-Modified": email.utils.formatdate(0, usegmt=True)})


@speaks_xml
def put_container(context: Context, request: Request, *, account: str, container: str, name: str) -> Response:
    if request.query.get("sig") and not request.query.get("ss"):
        raise ArmError(403, "AuthorizationFailure", "A signature for a container does not create one.")
    blob_signatures.check(context, request, account, container, "", "wc")
    if not CONTAINER_NAME.fullmatch(container):
        raise ArmError(400, "InvalidResourceName", f"{container[:80]!r} cannot be the name of a container.")
    if request.query.get("restype") != "container" or request.query.get("comp"):
        raise ArmError(501, "NotImplemented", "Only creating a container is in amlocal.")
    if not context.blobs.create_container(account, container):
        raise ArmError(409, "ContainerAlreadyExists", "The specified container already exists.")
    return Response(201, headers={"ETag": '"0x1"', "Last-Modified": email.utils.formatdate(usegmt=True)})
