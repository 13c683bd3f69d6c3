"""The HTTPS server: sockets, TLS, HTTP/1.1 with keep-alive, answers streamed, the request log. Request bodies are in
`bodies.py`, what is answered in `routes.py`."""

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
from urllib.parse import quote, urlsplit

from amlocal import matching
from amlocal.context import Context
from amlocal.web import bodies, faults
from amlocal.web.http import ArmError, Request, Response, error_response, request_ids

log = logging.getLogger("amlocal.requests")

HANDSHAKE_SECONDS = 10
IDLE_SECONDS = 120
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

    def parse_request(self) -> bool:
        """The base class's, and refuses what it lets through although it can be read in two ways."""
        if not super().parse_request():
            return False
        try:
            bodies.check_head(self.headers, self.request_version)
            urlsplit(self.path)
        except ArmError as exc:
            self.close_connection = True
            self._send(error_response(exc), {})
        except ValueError:
            self.send_error(400, "The request's target is not a URL.")
        else:
            return True
        return False

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
            body = bodies.Body(self.rfile, self.headers)
            request = Request(self.command, self.path, self.headers, body, body.length, self.client_address[0])
            try:
                status = self._answer_or_break(context, request)
            except faults.ConnectionDropped:
                status = 0
                self.close_connection = True
                context.controls.record(request, status)
            except (ConnectionError, TimeoutError, ssl.SSLError):
                status = -1
                self.close_connection = True
            # Without the query, which can be a signature, and as it was sent: a decoded path could start a new line.
            told = quote(request.raw_path, safe="/%:@!$&'()*+,;=~")
            log.info("%s %s %d %.1f ms", request.method, told, status, (time.perf_counter() - started) * 1000)
            if not body.drain():
                self.close_connection = True

    def _answer_or_break(self, context: Context, request: Request) -> int:
        fault = context.controls.faults.take(request)
        response = faults.strike(fault) if fault else None
        if response is None:
            response = self._handle(context, request)
        if fault and fault.lose:
            raise faults.ConnectionDropped
        # Before the answer, so that whoever has it finds the request written down.
        context.controls.record(request, response.status)
        self._send(response, request_ids(request), is_half=bool(fault and fault.half))
        return response.status

    def _handle(self, context: Context, request: Request) -> Response:
        try:
            return matching.handle(context, request, blob_path(request))
        except ArmError as exc:
            return error_response(exc)
        except (ConnectionError, TimeoutError, ssl.SSLError):
            raise
        except Exception:
            log.exception("%s %r broke", request.method, request.raw_path)
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
