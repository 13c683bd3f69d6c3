"""Is a port free, and does a service answer yet? Each check returns at once and raises nothing but Problem."""

import errno
import http.client
import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from launch.console import Problem

ANSWER_SECONDS = 2.0


def check_port(host: str, port: int, variable: str) -> None:
    """Raises Problem when nothing can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = {
                errno.EADDRINUSE: "is taken by another program",
                errno.EACCES: "needs more rights",
                errno.EADDRNOTAVAIL: "is not an address of this machine",
            }.get(error.errno or 0, f"cannot be used ({error.strerror})")
            raise Problem(f"Port {port} on {host} {reason}: choose another with {variable}=…") from error


def answers_ping(path: Path) -> bool:
    """Whether a Redis or Valkey answers on this unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def answers_http(url: str, certificates: Path | None = None) -> bool:
    """Whether anything at all is answered; with ``certificates`` the server's own must be signed by one of them."""
    address = urlsplit(url)
    host, port = address.hostname or "localhost", address.port
    try:
        connection = http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS)
        if address.scheme == "https":
            trust = ssl.create_default_context(cafile=certificates)
            connection = http.client.HTTPSConnection(host, port, timeout=ANSWER_SECONDS, context=trust)
        connection.request("GET", address.path or "/")
        connection.getresponse().read()
        connection.close()
    except (OSError, http.client.HTTPException):
        return False
    return True


def log_contains(log: Path, begin: int, words: bytes) -> bool:
    """Whether the log has the words behind byte ``begin``."""
    with log.open("rb") as file:
        file.seek(begin)
        return words in file.read()
