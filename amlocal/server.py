"""The HTTPS server: sockets, TLS, HTTP/1.1 with keep-alive, bodies streamed both ways, the request log. What is
answered is in `routes.py`."""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any, cast

from amlocal import matching
from amlocal.context import Context
from amlocal.web import faults
from amlocal.web.http import ArmError, Request, Response, error_response, request_ids

log = logging.getLogger("amlocal.requests")

HANDSHAKE_SECONDS = 10
IDLE_SECONDS = 120
# Azure's own limit of a block (4,000 MiB); JSON bodies have a far lower one in `http.py`.
BODY_LIMIT = 4000 * 1024 * 1024
DRAIN_LIMIT = 1024 * 1024
BLOB_PATH = re.compile(r"^/([a-z0-9]+)\.blob\.core\.local(?=/|$)", re.IGNORECASE)
BLOB_HOST = re.compile(r"^([a-z0-9]+)\.blob\.core\.local(:\d+)?$", re.IGNORECASE)


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One thread for each connection; TLS is negotiated in that thread, so a silent client keeps nobody waiting."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], tls: ssl.SSLContext) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.context: Context | None = None
        self._tls = tls
        self._busy = 0
        self._calm = threading.Condition()
        super().__init__(address, Connection)

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request.settimeout(HANDSHAKE_SECONDS)
        try:
            secured = self._tls.wrap_socket(request, server_side=True)
        except (OSError, ValueError) as exc:
            log.info("TLS with %s failed: %s", client_address[0], exc)
            return
        secured.settimeout(IDLE_SECONDS)
        try:
            Connection(secured, client_address, self)
        finally:
            with contextlib.suppress(OSError):
                secured.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.debug("connection with %s ended early", client_address, exc_info=True)

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        with self._calm:
            self._busy += 1
        try:
            yield
        finally:
            with self._calm:
                self._busy -= 1
                self._calm.notify_all()

    def wait_until_calm(self, seconds: float) -> None:
        """Let the requests in progress end, for so long at most."""
        with self._calm:
            self._calm.wait_for(lambda: self._busy == 0, seconds)


class Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "amlocal"
    sys_version = ""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's word
        """Quiet: `_answer` logs each request once."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class refuses (a bad request line, an unknown method) is answered as ARM would."""
        self.close_connection = True
        self._send(error_response(ArmError(code, "BadRequest", message or "The request cannot be read.")), {})

    def _answer(self) -> None:
        server = cast(Server, self.server)
        context = server.context
        assert context is not None
        with server.busy():
            started = time.perf_counter()
            body = Body(self)
            request = Request(self.command, self.path, self.headers, body, body.length)
            try:
                status = self._answer_or_break(context, request)
            except faults.ConnectionDropped:
                status = 0
                self.close_connection = True
                context.control.record(request, status)
            except (ConnectionError, TimeoutError, ssl.SSLError):
                status = -1
                self.close_connection = True
            log.info("%s %s %d %.1f ms", request.method, request.path, status, (time.perf_counter() - started) * 1000)
            if not body.drain():
                self.close_connection = True

    def _answer_or_break(self, context: Context, request: Request) -> int:
        fault = context.control.faults.take(request)
        response = faults.strike(fault) if fault else None
        if response is None:
            response = self._handle(context, request)
        if fault and fault.lose:
            raise faults.ConnectionDropped
        # Before the answer, so that whoever has it finds the request written down.
        context.control.record(request, response.status)
        self._send(response, request_ids(request), is_half=bool(fault and fault.half))
        return response.status

    def _handle(self, context: Context, request: Request) -> Response:
        try:
            if request.length is not None and request.length > BODY_LIMIT:
                raise ArmError(413, "RequestBodyTooLarge", f"A request body may have at most {BODY_LIMIT} bytes.")
            return matching.handle(context, request, blob_path(request))
        except ArmError as exc:
            return error_response(exc)
        except (ConnectionError, TimeoutError, ssl.SSLError):
            raise
        except Exception:
            log.exception("%s %s broke", request.method, request.path)
            sentence = "amlocal itself failed on this request; its log says where."
            return error_response(ArmError(500, "InternalServerError", sentence))

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = do_OPTIONS = _answer

    def _send(self, response: Response, identifiers: dict[str, str], *, is_half: bool = False) -> None:
        headers = {**identifiers, **response.headers}
        has_body = self.command != "HEAD" and response.status not in (204, 304)
        is_chunked = not isinstance(response.body, bytes) and response.length is None
        self.send_response(response.status)
        for name, value in headers.items():
            self.send_header(name, value)
        if is_chunked and has_body:
            self.send_header("Transfer-Encoding", "chunked")
        elif response.status not in (204, 304):
            length = len(response.body) if isinstance(response.body, bytes) else response.length
            self.send_header("Content-Length", str(response.length if response.length is not None else length))
        if self.close_connection or is_half:
            self.send_header("Connection", "close")
        # The headers wait in the base class's buffer, so that a small answer is one packet.
        pieces = _cut(response.body) if is_half else response.body
        if not has_body:
            self.end_headers()
        elif isinstance(pieces, bytes):
            self._headers_buffer: list[bytes]
            self._headers_buffer.append(b"\r\n" + pieces)
            self.flush_headers()
        else:
            self.end_headers()
            for piece in pieces:
                if piece:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece)
            if is_chunked and not is_half:
                self.wfile.write(b"0\r\n\r\n")
        if is_half:
            raise faults.ConnectionDropped


class Body:
    """The request's body as a file to read from, whichever way its length is told."""

    def __init__(self, connection: Connection) -> None:
        self._file = connection.rfile
        self._is_chunked = "chunked" in connection.headers.get("Transfer-Encoding", "").lower()
        length = connection.headers.get("Content-Length", "")
        self.length = None if self._is_chunked else int(length) if length.isdigit() else 0
        self._left = self.length or 0
        self._is_over = not self._is_chunked and self._left == 0
        self._buffer = b""

    def read(self, size: int = -1, /) -> bytes:
        if size < 0:
            return b"".join(iter(lambda: self.read(65536), b""))
        pieces = []
        while size > 0 and not self._is_over:
            piece = self._read_some(size)
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _read_some(self, size: int) -> bytes:
        if self._is_chunked and self._left == 0:
            line = self._file.readline(1024).split(b";")[0].strip()
            try:
                self._left = int(line, 16)
            except ValueError:
                raise ConnectionError("the chunked body is broken") from None
            if self._left == 0:
                while self._file.readline(65536).strip():
                    pass
                self._is_over = True
                return b""
        piece = self._file.read(min(size, self._left))
        if not piece:
            raise ConnectionError("the body ended early")
        self._left -= len(piece)
        if self._left == 0:
            if self._is_chunked:
                self._file.readline(8)
            else:
                self._is_over = True
        return piece

    def drain(self) -> bool:
        """Read what the handler left, so that the next request can follow; False when that is too much or broken."""
        try:
            return len(self.read(DRAIN_LIMIT)) < DRAIN_LIMIT or self._is_over
        except OSError:
            return False


def blob_path(request: Request) -> str:
    """The path to look up in the table: both spellings of a blob URL become `/_blob/{account}/…`."""
    in_path = BLOB_PATH.match(request.raw_path)
    if in_path:
        return f"/_blob/{in_path[1]}{request.raw_path[in_path.end() :]}"
    in_host = BLOB_HOST.match(request.header("Host"))
    return f"/_blob/{in_host[1]}{request.raw_path}" if in_host else request.raw_path


def _cut(body: bytes | Iterable[bytes]) -> bytes | Iterable[bytes]:
    """The first half of an answer; of a streamed one its first piece."""
    if isinstance(body, bytes):
        return body[: len(body) // 2]
    return list(body)[:1]
