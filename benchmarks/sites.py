"""A whole site on free ports for a measurement: the demo's own starter, its lines kept out of the table."""

import contextlib
import io
import os
import socket
from collections.abc import Iterator

from launch.demo import site_process


@contextlib.contextmanager
def running() -> Iterator[site_process.SiteProcess]:
    """Start the site of PORTAL_HOME and end it. Raises launch.console.Problem when it does not start."""
    with contextlib.redirect_stdout(io.StringIO()), site_process.running() as site:
        yield site


def on_free_ports() -> None:
    """Give this process's sites two ports that nobody uses."""
    for name in ("PORTAL_PORT", "PORTAL_AMLOCAL_PORT"):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            os.environ[name] = str(probe.getsockname()[1])
