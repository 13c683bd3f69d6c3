"""``python -m launch.demo [--once] [--data FOLDER] [--epochs N]``: starts the site and does the main job over HTTP."""

import argparse
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

from launch import console
from launch.console import Problem, say
from launch.demo import comparison, scenario, site_process
from launch.demo.session import DemoSession
from portal import env

EPOCHS = 6


def main() -> int:
    options = _arguments()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    data = (options.came_from / options.data) if options.data else None
    if data and not data.is_dir():
        raise Problem(f"{data} is no folder: give the one with MNIST's four idx files, or leave --data out.")
    started = time.monotonic()
    say("Starting the site …")
    with site_process.running() as site:
        start_seconds = time.monotonic() - started
        api, person = site_process.sign_in(site)
        session = DemoSession(api, started, {"setup": _setup_seconds(), "start": start_seconds})
        session.report(f"Signed in on {site.url} as {person['username']}")
        facts = _main_job(session, options.epochs, data)
        say(f"\nThe site runs on {site.url}: sign in as {person['username']} with {person['password']}")
        if not options.once:
            _wait(site)
    if options.once:
        say(json.dumps(facts))
    return 0


def _main_job(session: DemoSession, epochs: int, data: Path | None) -> dict[str, Any]:
    """Train, register, deploy, predict, compare; what the last line says. Raises Problem."""
    workspace = scenario.register_workspace(session)
    run = scenario.train(session, workspace, epochs, data)
    version = scenario.register_version(session, run)
    endpoint, _ = scenario.deploy(session, version)
    answer, expected, png = scenario.predict(session, endpoint, version)
    different = comparison.differences(answer["top"], comparison.reference_answer(session.api, version, png))
    if different:
        raise Problem(
            f"The endpoint's answer is not the model's own ({'; '.join(different)}): "
            f"see which deployment answered on {endpoint['url']}."
        )
    session.report("The same version, computed in the scoring environment, gives the same answer.")
    return {
        "workspace": workspace["name"],
        "run": {"name": run["name"], "status": run["status"], "val_accuracy": _value(run, "val_accuracy")},
        "model_version": {"name": version["name"], "version": version["version"]},
        "endpoint": {"name": endpoint["name"], "scoring_uri": endpoint["scoring_uri"]},
        "prediction": {"top": answer["top"][:3], "expected": expected, "latency_ms": answer["latency_ms"]},
        "seconds": {name: round(seconds, 2) for name, seconds in session.seconds.items()},
    }


def _wait(site: site_process.SiteProcess) -> None:
    """Leave the site running until Ctrl-C or until it ends by itself."""
    say("Ctrl-C ends it with all its processes.")
    try:
        site.process.wait()
    except KeyboardInterrupt:
        say("")
    else:
        raise Problem("The site has ended.")


def _value(run: dict[str, Any], key: str) -> float | None:
    value: float | None = (run["metrics"].get(key) or {}).get("value")
    return value


def _setup_seconds() -> float:
    """How long script/setup took just before."""
    try:
        return float(json.loads((env.ROOT / ".setup" / "last.json").read_text())["seconds"])
    except (OSError, ValueError, KeyError):
        return 0.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/demo", description="Train, register, deploy and ask a model, over HTTP."
    )
    parser.add_argument("--once", action="store_true", help="end by itself; the last line is JSON")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="MNIST's four idx files; else the bundled digits")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help=f"how long to train (default {EPOCHS})")
    parser.add_argument("--from", dest="came_from", type=Path, default=Path(), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(console.run(main))
