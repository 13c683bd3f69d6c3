"""The programs of script/ start without Django, and set-up without any package."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("module", ["launch.supervisor.__main__", "launch.setup.__main__", "launch.demo.__main__"])
def test_the_programs_of_script_import_no_django(module):
    program = f"import sys, {module}; print([name for name in sys.modules if name.split('.')[0] == 'django'])"
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert answer.stdout.strip() == "[]", answer.stderr


def test_set_up_needs_nothing_but_the_standard_library():
    """As on a machine where nothing is installed yet: no site-packages."""
    program = "import launch.setup.__main__ as program; print(program.__name__)"
    answer = subprocess.run([sys.executable, "-S", "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert answer.stdout.strip() == "launch.setup.__main__", answer.stderr
