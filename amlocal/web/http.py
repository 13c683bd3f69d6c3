"""Requests and answers as handlers see them, and errors as ARM spells them. Sockets are in `server.py`."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

OLD_CLIENT = "mgmt-machinelearningservices"
JSON_LIMIT = 16 * 1024 * 1024


class ArmError(Exception):
    """An error answer: HTTP status, ARM's code and a sentence. `details` are further {code, message} pairs."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Iterable[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = [dict(detail) for detail in details]
        self.headers = dict(headers or {})

    def to_body(self) -> dict[str, Any]:
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = self.details
        return {"error": error}


class BodyReader(Protocol):
    """The request's body as it comes in: `read(n)` gives at most n bytes and b"" at its end."""

    def read(self, size: int = -1, /) -> bytes: ...


class QueryDict(dict[str, str]):
    """Query parameters; names are compared without case, as ARM does (`$top`, `$Top`)."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        super().__init__((name.lower(), value) for name, value in pairs)

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        return super().get(name.lower(), default)

    def number(self, name: str, default: int) -> int:
        text = self.get(name)
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise ArmError(400, "InvalidParameter", f"The query parameter {name} must be a whole number, not {text!r}.")
        return int(text)


@dataclass
class Request:
    """`target` is the raw request target; `path` is decoded; `headers` compares names without case; `peer` is the
    client's IP address."""

    method: str
    target: str
    headers: Message
    body: BodyReader
    length: int | None = None
    peer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, Any] | None = None
    _json: Any = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.target)
        self.raw_path = parts.path
        self.path = unquote(parts.path)
        self.raw_query = parts.query
        self.query = QueryDict(parse_qsl(parts.query, keep_blank_values=True))

    def header(self, name: str, default: str = "") -> str:
        return str(self.headers.get(name, default))

    @property
    def is_from_old_sdk(self) -> bool:
        """Sent by a release whose client still calls itself so, as 1.20 and 1.28 do."""
        return OLD_CLIENT in self.header("User-Agent")

    def read_all(self, limit: int = JSON_LIMIT) -> bytes:
        """The whole body. Raises ArmError 413 when it is longer than `limit` bytes."""
        content = self.body.read(limit + 1)
        if len(content) > limit:
            raise ArmError(413, "RequestEntityTooLarge", f"The request body may have at most {limit} bytes.")
        return content

    def json(self) -> dict[str, Any]:
        """The body as a JSON object, {} when it is empty. Raises ArmError 400."""
        if self._json is None:
            content = self.read_all()
            parsed = _parse(content) if content.strip() else {}
            if not isinstance(parsed, dict):
                raise ArmError(400, "InvalidRequestContent", "The request body must be a JSON object.")
            self.put_json(parsed)
        found: dict[str, Any] = self._json
        return found

    def put_json(self, body: dict[str, Any]) -> None:
        """What json() gives from now on: the body, or the body read by its shape."""
        self._json = body
        inner = body.get("properties")
        tags = body.get("tags") or (inner.get("tags") if isinstance(inner, dict) else None)
        self.tags = tags if isinstance(tags, dict) else None


@dataclass
class Response:
    """`body` is bytes, or pieces to send as they come: with `length` as they are, without it chunked."""

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None


def _parse(content: bytes) -> Any:
    """JSON as its standard has it: finite numbers, Unicode that can be written. Raises ArmError 400."""
    try:
        # Not strict: scripts paste conda files between quotes, and Azure takes their line breaks too.
        parsed = json.loads(content, strict=False, parse_constant=_finite, parse_float=_finite)
        if b"\\ud" in content.lower():
            json.dumps(parsed, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as exc:
        raise ArmError(400, "InvalidRequestContent", f"The request body is not JSON: {exc}") from exc
    return parsed


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a number of JSON.")
    return number


def json_response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        status, json.dumps(body).encode(), {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    )


def error_response(error: ArmError) -> Response:
    return json_response(error.to_body(), error.status, error.headers)


def request_ids(request: Request) -> dict[str, str]:
    """The identifying headers on every ARM answer; a client's own correlation id comes back to it."""
    own = str(uuid.uuid4())
    return {
        "x-ms-request-id": own,
        "x-ms-correlation-request-id": request.header("x-ms-correlation-request-id", own),
        "x-ms-client-request-id": request.header("x-ms-client-request-id", own),
    }
