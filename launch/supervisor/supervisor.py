"""Starts all services in their order, keeps them alive, and ends them in reverse; each is a ``service_process``."""

import signal
import time
from pathlib import Path
from types import FrameType

from launch.console import Problem, say
from launch.supervisor import portal_home, service_process, services
from launch.supervisor.service_process import Service, ServiceProcess
from portal import env

LOOP_SECONDS = 0.1
READY_SECONDS = 0.05
ROTATION_SECONDS = 60.0


class Stopped(Exception):
    """A signal asked to end while the site was still starting."""


class Supervisor:
    """The processes of one PORTAL_HOME. ``run`` returns after a signal, with everything ended."""

    def __init__(self, home: Path, sockets: Path) -> None:
        self.home = home
        self.sockets = sockets
        self.running: list[ServiceProcess] = []
        self.stop_signals = 0

    @property
    def is_stopping(self) -> bool:
        return self.stop_signals > 0

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
            if not self.is_stopping:
                raise
        finally:
            self._end()

    def _start(self) -> None:
        started = time.monotonic()
        say(f"Portolan in {self.home}")
        broker = env.text("REDIS_URL")
        if not broker:
            self._add(services.valkey(self.home, self.sockets))
            broker = f"redis+socket://{self.sockets / 'valkey.sock'}?virtual_host=0"
        environment = services.shared_environment(self.home, broker)
        with services.prepare(environment) as preparing:
            local = self._start_amlocal()
            self._await()
            setup_path = services.setup_path(preparing)
        if local:
            environment.setdefault("PORTAL_CA_BUNDLE", local["REQUESTS_CA_BUNDLE"])
        self._add(services.web(environment, self.sockets))
        self._add(services.worker("portal", "portal,scoring", environment))
        for cloud in services.clouds():
            extra = local if cloud == "local" else services.azure_environment(cloud)
            self._add(services.worker(cloud, f"cloud.{cloud}", environment | extra))
        self._add(services.beat(environment))
        self._await()
        say(f"Ready in {time.monotonic() - started:.1f} s: {services.site_url()}")
        if setup_path:
            say(f"Make the first owner here (works once): {services.site_url()}{setup_path}")
        say("Ctrl-C ends it.")

    def _start_amlocal(self) -> dict[str, str]:
        """Return the variables that point its workers at it; none when this site has no amlocal."""
        if not services.has_amlocal():
            return {}
        variables = services.amlocal_variables(self.home)
        self._add(services.amlocal(self.home, variables))
        return variables

    def _watch(self) -> None:
        rotated = time.monotonic()
        while not self.is_stopping:
            time.sleep(LOOP_SECONDS)
            for child in self.running:
                child.keep_alive()
            if time.monotonic() - rotated > ROTATION_SECONDS:
                rotated = time.monotonic()
                for child in self.running:
                    portal_home.rotate_log(child.log)

    def _end(self) -> None:
        """Those who use the queue and amlocal first, then these two. A second Ctrl-C kills at once."""
        if self.running:
            say("Ending …")
        base = [child for child in self.running if child.service.name in ("valkey", "amlocal")]
        users = [child for child in self.running if child not in base]
        for group in (users, base):
            service_process.stop(group, hurry=lambda: self.stop_signals > 1)
        if self.running:
            say("All processes have ended.")

    def _add(self, service: Service) -> None:
        self._raise_when_asked()
        self.running.append(ServiceProcess(service, self.home))

    def _await(self) -> None:
        while not all(child.is_ready for child in self.running):
            self._raise_when_asked()
            for child in self.running:
                child.check_ready()
            time.sleep(READY_SECONDS)

    def _raise_when_asked(self) -> None:
        if self.is_stopping:
            raise Stopped

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        # A number, not an Event: a signal that comes while the loop holds the Event's lock would wait for it for ever.
        self.stop_signals += 1
