"""`python -m amlocal up | env | status | down | …`; where it is installed as a package, `amlocal up | …` too."""

import sys

from amlocal import commands


def main() -> None:
    """Ends the process with the command's exit code."""
    sys.exit(commands.main(sys.argv[1:]))


if __name__ == "__main__":
    main()
