"""The memory of a site that nobody uses: PSS of script/server and of all it started, half a minute after it is ready.

PSS counts a page that n processes share as 1/n in each, so the sum is what the machine would get back. Linux only.
"""

import json
import os
import re
import time
from collections import Counter
from pathlib import Path

from benchmarks import figures, sites
from launch.supervisor import processes

REPEATS = 5
IDLE_SECONDS = 30
MEGABYTE_IN_KILOBYTES = 1024


def run() -> None:
    sites.on_free_ports()
    with sites.running():
        pass
    measured = [_measure() for _ in range(REPEATS)]
    for name in sorted({name for parts in measured for name in parts}):
        figures.row(f"idle site: {name}", [parts[name] for parts in measured], "MB")
    figures.row("idle site: all processes", [sum(parts.values()) for parts in measured], "MB")


def _measure() -> Counter[str]:
    """Megabytes of a fresh start by part, whose label says how many processes it has."""
    with sites.running() as site:
        time.sleep(IDLE_SECONDS)
        trees = {"supervisor": [site.process.pid]}
        for record in (Path(os.environ["PORTAL_HOME"]) / "run").glob("*.json"):
            if pid := json.loads(record.read_text()).get("pid"):
                trees[record.stem] = [pid, *(process.pid for process in processes.descendants(pid))]
        return Counter({_label(name, pids): sum(map(_pss, pids)) for name, pids in trees.items()})


def _label(name: str, pids: list[int]) -> str:
    return f"{name}, {len(pids)} processes" if len(pids) > 1 else name


def _pss(pid: int) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    assert found, text
    return int(found[1]) / MEGABYTE_IN_KILOBYTES
