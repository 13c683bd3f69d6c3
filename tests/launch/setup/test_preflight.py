"""What is checked before anything is fetched."""

import pytest

from launch.console import Problem
from launch.setup import preflight


def test_a_full_disk_is_told_before_anything_is_fetched(tmp_path):
    with pytest.raises(Problem, match=r"GB free, 1000000.5 GB are needed: free some space"):
        preflight.check_disk(tmp_path, 1_000_000)


def test_enough_space_is_said_in_one_sentence(tmp_path, capsys):
    preflight.check_disk(tmp_path, 0.001)
    assert "GB free" in capsys.readouterr().out
