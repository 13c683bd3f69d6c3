"""Runs the processes of one distributed job and waits for them; each writes a log of its own. amlocal starts this file
with its own Python, alone or (`mine`) as what mpirun starts many times. Which processes there are stands in the plan;
the ones that are left when this ends are ended by amlocal."""

import json
import os
import subprocess
import sys
from pathlib import Path


def start(plan, rank):
    """`bash -c COMMAND` with the variables of this rank, in the working folder of its node."""
    with open(rank["log"], "ab") as log:
        return subprocess.Popen(
            plan["command"],
            cwd=rank["directory"],
            env={**os.environ, **rank["variables"]},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def wait(plan, waiting):
    """The exit code of the first that fails, whose log is noted; 0 when all have ended well that end by themselves."""
    while any(not rank["is_server"] for rank in waiting.values()):
        pid, status = os.wait()
        rank = waiting.pop(pid, None)
        code = os.waitstatus_to_exitcode(status)
        if rank and code:
            note(plan, rank)
            return code if code > 0 else 128 - code
    return 0


def note(plan, rank):
    """Only the first is kept: the others failed because it did."""
    try:
        with open(plan["failed"], "x") as file:
            file.write(Path(rank["log"]).name)
    except FileExistsError:
        pass


def main(plan_file, mine=""):
    with open(plan_file) as file:
        plan = json.load(file)
    ranks = plan["ranks"]
    if mine:
        # Open MPI's name, and that of MPICH and Intel MPI.
        ranks = [ranks[int(os.environ.get("OMPI_COMM_WORLD_RANK") or os.environ["PMI_RANK"])]]
    # They are kept: one that is forgotten would be waited for by the next that starts.
    processes = [start(plan, rank) for rank in ranks]
    return wait(plan, {process.pid: rank for process, rank in zip(processes, ranks, strict=True)})


sys.exit(main(*sys.argv[1:]))
