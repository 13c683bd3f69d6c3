"""``python -m benchmarks [NAME …]``: runs the named measurements of ALL, all of them when none is named."""

import os
import platform
import sys
import tempfile

ALL = ("warm_start", "idle_site", "main_path", "list_pages", "amlocal", "scoring", "decoding")


def main() -> None:
    names = sys.argv[1:] or list(ALL)
    if unknown := set(names) - set(ALL):
        sys.exit(f"No such benchmark: {', '.join(sorted(unknown))}. There are {', '.join(ALL)}.")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print("| what | repeats | median | lowest | highest |\n|---|---|---|---|---|")
    for name in names:
        with tempfile.TemporaryDirectory(prefix="portolan-bench-", ignore_cleanup_errors=True) as home:
            os.environ["PORTAL_HOME"] = home
            __import__(f"benchmarks.{name}", fromlist=["run"]).run()


if __name__ == "__main__":
    main()
