"""What the demo sends."""

import pytest

from launch.console import Problem
from launch.demo import scenario


def test_a_folder_is_sent_file_by_file(tmp_path):
    (tmp_path / "b.gz").write_bytes(b"2")
    (tmp_path / "a.gz").write_bytes(b"1")
    assert scenario.files_of(tmp_path) == [("a.gz", b"1"), ("b.gz", b"2")]
    with pytest.raises(Problem, match="not a folder with files"):
        scenario.files_of(tmp_path / "none")
