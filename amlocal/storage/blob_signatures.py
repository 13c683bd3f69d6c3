"""Who may touch a blob: account key signatures, shared access signatures (account, container, blob) and bearer
tokens, checked as Azure Storage does.

Formats: https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key and …/create-service-sas,
…/create-account-sas.
"""

from __future__ import annotations

import base64
import datetime
import email.utils
import hashlib
import hmac
import ipaddress
import time
from urllib.parse import parse_qsl, urlencode

from amlocal.storage.context import Context
from amlocal.web.http import ArmError, Request

SAS_VERSION = "2022-11-02"
# From this version on the encryption scope is part of what is signed.
SCOPE_VERSION = "2020-12-06"
CLOCK_SECONDS = 900
SIGNED_HEADERS = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)


def check(context: Context, request: Request, account: str, container: str, name: str, wanted: str) -> None:
    """Raises ArmError 401/403 unless the request may do one of the permissions in `wanted` (of r, w, c, a, d, l)."""
    if request.query.get("sig"):
        _check_sas(context, request, account, container, name, wanted)
        return
    scheme = request.header("Authorization").partition(" ")[0].lower()
    if scheme == "sharedkey":
        _check_shared_key(context, request, account)
    elif scheme == "bearer":
        context.tokens.check(request, "blob")
    else:
        raise ArmError(
            401, "NoAuthenticationInformation", "Server failed to authenticate the request: it is not signed."
        )


def sign_container(
    context: Context, account: str, container: str, permissions: str = "rwl", lifetime_seconds: float = 24 * 3600
) -> str:
    """A SAS query string for a whole container. `permissions` in Azure's order: racwdl."""
    return _sign(context, account, container, "", "c", permissions, lifetime_seconds)


def sign_blob(
    context: Context,
    account: str,
    container: str,
    name: str,
    permissions: str = "r",
    lifetime_seconds: float = 24 * 3600,
) -> str:
    """A SAS query string for one blob."""
    return _sign(context, account, container, name, "b", permissions, lifetime_seconds)


def _sign(
    context: Context, account: str, container: str, name: str, resource: str, permissions: str, lifetime_seconds: float
) -> str:
    expires_at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=lifetime_seconds)
    query = {
        "sp": permissions,
        "se": expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "spr": "https",
        "sv": SAS_VERSION,
        "sr": resource,
    }
    text = _service_text(query, account, f"/{container}/{name}" if name else f"/{container}")
    return urlencode({**query, "sig": _signature(key_of(context, account), text)})


def key_of(context: Context, account: str) -> str:
    """The account's key, base64. Raises ArmError 404."""
    record = context.store.get("accounts", "", account)
    if record is None:
        raise ArmError(404, "ResourceNotFound", f"There is no storage account {account}.")
    return str(record.body["key"])


def _names(context: Context, account: str) -> tuple[str, ...]:
    """How clients may spell the account in what they sign: azure-storage-blob takes it from the URL's path on
    localhost."""
    settings = context.settings
    return (account, f"{account}.blob.{settings.storage_suffix}", settings.account_name(account))


def _signature(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()


def _is_signed(context: Context, account: str, texts: list[str], shown: str) -> bool:
    key = key_of(context, account)
    return any(hmac.compare_digest(_signature(key, text).encode(), shown.encode()) for text in texts)


def _refusal(message: str, code: str = "AuthenticationFailed") -> ArmError:
    return ArmError(403, code, f"Server failed to authenticate the request. {message}")


def _check_shared_key(context: Context, request: Request, account: str) -> None:
    try:
        sent_at = email.utils.parsedate_to_datetime(request.header("x-ms-date") or request.header("Date"))
    except ValueError:
        raise _refusal("It has no date that can be read.") from None
    if abs(sent_at.timestamp() - time.time()) > CLOCK_SECONDS:
        raise _refusal("Its date is more than 15 minutes off.")
    shown = request.header("Authorization").rpartition(":")[2]
    headers = [request.header(name) for name in SIGNED_HEADERS]
    if headers[2] == "0":
        headers[2] = ""
    pairs = sorted(parse_qsl(request.raw_query, keep_blank_values=True))
    query = "".join(f"\n{name.lower()}:{value}" for name, value in pairs)
    # azure-storage-blob leaves the range out of what it signs; Azure's own description has it in.
    texts = [
        "\n".join([request.method, *headers[:-1], span]) + f"\n{extra}/{name}{request.raw_path}{query}"
        for name in _names(context, account)
        for extra in _extra_headers(request)
        for span in {headers[-1], ""}
    ]
    if not _is_signed(context, account, texts, shown):
        raise _refusal("Make sure the value of the Authorization header is formed correctly including the signature.")


def _extra_headers(request: Request) -> set[str]:
    """The x-ms- headers as signed. The service sorts them by a collation that passes over hyphens at first; older
    clients sort by bytes."""
    found = {name.lower(): str(value) for name, value in request.headers.items() if name.lower().startswith("x-ms-")}
    orders = (sorted(found), sorted(found, key=lambda name: (name.replace("-", "").replace("_", ""), name)))
    return {"".join(f"{name}:{found[name]}\n" for name in order) for order in orders}


def _check_sas(context: Context, request: Request, account: str, container: str, name: str, wanted: str) -> None:
    query = {name.lower(): value for name, value in parse_qsl(request.raw_query, keep_blank_values=True)}
    now = datetime.datetime.now(datetime.UTC)
    if _moment(query.get("se", "")) < now or (query.get("st") and _moment(query["st"]) > now):
        raise _refusal("Signature not valid in the specified time frame.")
    if "ss" in query:
        is_signed = _is_signed(
            context, account, [_account_text(query, spelled) for spelled in _names(context, account)], query["sig"]
        )
    else:
        path = f"/{container}/{name}" if query.get("sr") == "b" else f"/{container}"
        texts = [_service_text(query, spelled, path) for spelled in _names(context, account)]
        is_signed = query.get("sr") in ("b", "c") and _is_signed(context, account, texts, query["sig"])
    if not is_signed:
        raise _refusal("Signature did not match.")
    # An account signature says which service (b: blob) and which sort of thing (c: containers, o: blobs) it is for.
    is_other = "ss" in query and ("b" not in query["ss"] or ("o" if name else "c") not in query.get("srt", ""))
    if is_other:
        raise ArmError(
            403,
            "AuthorizationResourceTypeMismatch",
            "This request is not authorized to perform this operation using this resource type.",
        )
    if query.get("sip") and not _is_within(request.peer, query["sip"]):
        raise ArmError(
            403, "AuthorizationSourceIPMismatch", "This request is not authorized to be made from this address."
        )
    if not set(wanted) & set(query.get("sp", "")):
        raise ArmError(
            403,
            "AuthorizationPermissionMismatch",
            "This request is not authorized to perform this operation using this permission.",
        )


def _is_within(peer: str, span: str) -> bool:
    """`span` is an IP address, or two with a hyphen between them."""
    first, _, last = span.partition("-")
    try:
        low, high, own = (ipaddress.IPv4Address(text) for text in (first, last or first, peer))
    except ValueError:
        return False
    return low <= own <= high


def _moment(text: str) -> datetime.datetime:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise _refusal(f"{text!r} is not a time.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _service_text(query: dict[str, str], account: str, path: str) -> str:
    fields = [query.get("sp", ""), query.get("st", ""), query.get("se", ""), f"/blob/{account}{path}"]
    fields += [query.get(name, "") for name in ("si", "sip", "spr", "sv", "sr")]
    fields.append("")
    if query.get("sv", "") >= SCOPE_VERSION:
        fields.append(query.get("ses", ""))
    fields += [query.get(name, "") for name in ("rscc", "rscd", "rsce", "rscl", "rsct")]
    return "\n".join(fields)


def _account_text(query: dict[str, str], account: str) -> str:
    fields = [account] + [query.get(name, "") for name in ("sp", "ss", "srt", "st", "se", "sip", "spr", "sv")]
    if query.get("sv", "") >= SCOPE_VERSION:
        fields.append(query.get("ses", ""))
    return "\n".join(fields) + "\n"
