"""Listings for clients to whom all before a URL's first slash is the account and the next word the container. Where the
account itself is in the path they ask for a container of its name, with the real one in front of the prefix."""

from __future__ import annotations

from amlocal.storage import blob_listings, blob_service, blob_signatures
from amlocal.storage.context import Context
from amlocal.web.http import ArmError, Request, Response


@blob_service.speaks_xml
def list_blobs(context: Context, request: Request, *, account: str, container: str, name: str) -> Response:
    """GET {account}?restype=container&comp=list&prefix={container}/…"""
    query = request.query
    if query.get("comp") != "list" or query.get("restype") != "container":
        raise ArmError(400, "InvalidQueryParameterValue", "amlocal lists the blobs of a container, not an account.")
    container = query.get("prefix").partition("/")[0]
    blob_signatures.check(context, request, account, container, "", "l")
    if not context.blobs.has_container(account, container):
        raise ArmError(404, "ContainerNotFound", "The specified container does not exist.")
    listing = blob_listings.render(context, request, account, container, f"{container}/")
    return blob_service.answer_xml(listing)
