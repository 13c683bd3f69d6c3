"""The session of a demo: the API with the demo's token, and the clock of the whole demo."""

import time
from dataclasses import dataclass, field

from launch.console import say
from launch.demo.api_client import ApiClient


@dataclass
class DemoSession:
    """``started`` is a time of ``time.monotonic``; ``seconds`` holds how long each step took."""

    api: ApiClient
    started: float
    seconds: dict[str, float] = field(default_factory=dict)

    def report(self, text: str) -> None:
        """Print the text with the seconds since the demo began."""
        say(f"[{time.monotonic() - self.started:6.1f} s] {text}")
