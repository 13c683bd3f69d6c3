"""What the programs of script/ say on a terminal, and how they give up. Standard library only."""

import sys
from collections.abc import Callable


class Problem(Exception):
    """Why a program cannot go on: one or two sentences of what and what to do."""


def say(text: str) -> None:
    """Print one line at once, also into a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def run(program: Callable[[], int]) -> int:
    """The program's exit code; 1 after a Problem (its sentence on stderr), 130 after Ctrl-C."""
    try:
        return program()
    except Problem as problem:
        complain(str(problem))
        return 1
    except KeyboardInterrupt:
        complain("Stopped.")
        return 130
