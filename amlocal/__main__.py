"""`python -m amlocal up | env | status | down | …`"""

import sys

from amlocal import commands

if __name__ == "__main__":
    sys.exit(commands.main(sys.argv[1:]))
