"""Starts all parts in their order, keeps them alive, and ends them in reverse. How one is run is in ``children``."""

import signal
import threading
import time
from pathlib import Path
from types import FrameType

from launch.console import Problem, say
from launch.supervisor import children, folders, parts
from launch.supervisor.children import Child, Part
from portal import env

LOOP_SECONDS = 0.1
READY_SECONDS = 0.05
ROTATION_SECONDS = 60.0


class Stopped(Exception):
    """A signal asked to end while the site was still starting."""


class Site:
    """The processes of one PORTAL_HOME. ``run`` returns after a signal, with everything ended."""

    def __init__(self, home: Path, sockets: Path) -> None:
        self.home = home
        self.sockets = sockets
        self.children: list[Child] = []
        self.stop_signals = 0
        self.stopping = threading.Event()

    def run(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        try:
            self._start()
            self._watch()
        except Stopped:
            pass
        except Problem:
            # A Ctrl-C on the terminal also ends what is run meanwhile: that is no problem.
            if not self.stopping.is_set():
                raise
        finally:
            self._end()

    def _start(self) -> None:
        started = time.monotonic()
        say(f"Portolan in {self.home}")
        broker = env.text("REDIS_URL")
        if not broker:
            self._add(parts.valkey(self.home, self.sockets))
            broker = f"redis+socket://{self.sockets / 'valkey.sock'}?virtual_host=0"
        environment = parts.shared(self.home, broker)
        local: dict[str, str] = {}
        if parts.has_amlocal():
            local = parts.amlocal_variables(self.home)
            self._add(parts.amlocal(self.home, local))
            environment.setdefault("PORTAL_CA_BUNDLE", local["REQUESTS_CA_BUNDLE"])
        with parts.prepare(environment) as preparing:
            self._await()
            setup_path = parts.setup_path(preparing)
        self._add(parts.web(environment, self.sockets))
        self._add(parts.worker("portal", "portal,scoring", environment))
        for cloud in parts.clouds():
            extra = local if cloud == "local" else parts.azure(cloud)
            self._add(parts.worker(cloud, f"cloud.{cloud}", environment | extra))
        self._add(parts.beat(self.home, environment))
        self._await()
        say(f"Ready in {time.monotonic() - started:.1f} s: {parts.site_url()}")
        if setup_path:
            say(f"Make the first owner here (works once): {parts.site_url()}{setup_path}")
        say("Ctrl-C ends it.")

    def _watch(self) -> None:
        rotated = time.monotonic()
        while not self.stopping.wait(LOOP_SECONDS):
            for child in self.children:
                child.keep_alive()
            if time.monotonic() - rotated > ROTATION_SECONDS:
                rotated = time.monotonic()
                for child in self.children:
                    folders.rotate(child.log)

    def _end(self) -> None:
        """Those who use the queue and amlocal first, then these two. A second Ctrl-C kills at once."""
        if self.children:
            say("Ending …")
        base = [child for child in self.children if child.part.name in ("valkey", "amlocal")]
        users = [child for child in self.children if child not in base]
        for group in (users, base):
            children.stop(group, hurry=lambda: self.stop_signals > 1)
        if self.children:
            say("All processes have ended.")

    def _add(self, part: Part) -> None:
        self._raise_when_asked()
        self.children.append(Child(part, self.home))

    def _await(self) -> None:
        while not all(child.is_ready for child in self.children):
            self._raise_when_asked()
            for child in self.children:
                child.check_ready()
            time.sleep(READY_SECONDS)

    def _raise_when_asked(self) -> None:
        if self.stopping.is_set():
            raise Stopped

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stop_signals += 1
        self.stopping.set()
