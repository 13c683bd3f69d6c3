"""The supervisor's loop ends with a signal, at whatever moment the signal comes."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import signal
from pathlib import Path
from launch.supervisor import supervisor

supervisor.LOOP_SECONDS = 0
for turn in range(200):
    site = supervisor.Supervisor(Path(), Path())
    signal.signal(signal.SIGALRM, site._ask_to_stop)
    signal.setitimer(signal.ITIMER_REAL, 0.001 + turn / 1e5)
    site._watch()
print("ended")
"""


def test_a_signal_ends_the_loop_at_whatever_moment_it_comes():
    answer = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert answer.stdout == "ended\n", answer.stderr
