"""``python -m launch.supervisor``: the site with its queue, workers and local Azure ML, under one supervisor.

For one machine; imports no Django. A team uses docker-compose.yml instead.
"""

import argparse
import sys
from pathlib import Path

from launch import console
from launch.console import Problem, say
from launch.setup import static_files
from launch.supervisor import portal_home, probes, services, supervisor
from portal import env


def main() -> int:
    options = _arguments()
    home = env.home()
    with portal_home.exclusive(home):
        portal_home.end_leftovers(home)
        if options.reset:
            _reset(home, is_agreed=options.yes)
        _check_settings()
        if not static_files.are_collected(env.ROOT):
            static_files.collect("static files", env.ROOT, portal_home.log_path(home, "static"))
        with portal_home.sockets(home) as sockets:
            supervisor.Supervisor(home, sockets).run()
    return 0


def _check_settings() -> None:
    """Raises Problem for numbers that are none and ports that are taken."""
    try:
        probes.check_port(env.text("PORTAL_BIND"), env.number("PORTAL_PORT"), "PORTAL_PORT")
        if services.has_amlocal():
            probes.check_port("127.0.0.1", env.number("PORTAL_AMLOCAL_PORT"), "PORTAL_AMLOCAL_PORT")
        env.number("PORTAL_WEB_THREADS")
        env.database()
    except ValueError as error:
        raise Problem(str(error)) from error


def _reset(home: Path, *, is_agreed: bool) -> None:
    """Empty the folder after the person has agreed. Raises Problem when they have not."""
    if env.text("DATABASE_URL"):
        raise Problem(
            "--reset empties a folder; this portal keeps its rows in DATABASE_URL: drop that database yourself."
        )
    if not is_agreed:
        if not sys.stdin.isatty():
            raise Problem("--reset deletes everything; add --yes to agree without being asked.")
        say(f"This deletes all users, workspaces, runs, models and files in {home}.")
        if input('Type "yes" to go on: ').strip().lower() != "yes":
            raise Problem("Nothing was deleted.")
    portal_home.empty(home)
    say(f"{home} is empty.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/server", description="Start the site; Ctrl-C ends all it started.")
    parser.add_argument("--reset", action="store_true", help="delete everything in PORTAL_HOME first")
    parser.add_argument("--yes", action="store_true", help="with --reset: do not ask")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(console.run(main))
