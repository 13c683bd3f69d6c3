"""Fingerprints of files and folders."""

from launch.setup import fingerprints


def test_a_fingerprint_follows_contents_and_not_dates(tmp_path):
    file = tmp_path / "lock.txt"
    file.write_text("a==1")
    first = fingerprints.of([file])
    file.touch()
    assert fingerprints.of([file]) == first
    file.write_text("a==2")
    assert fingerprints.of([file]) != first


def test_a_folder_counts_with_the_files_below_it(tmp_path):
    (tmp_path / "css").mkdir()
    empty = fingerprints.of([tmp_path])
    (tmp_path / "css" / "a.css").write_text("a {}")
    assert fingerprints.of([tmp_path]) != empty
    fingerprints.write(tmp_path / "done" / "one", "done")
    assert fingerprints.is_current(tmp_path / "done" / "one", "done")
    assert not fingerprints.is_current(tmp_path / "done" / "one", "other")
    assert not fingerprints.is_current(tmp_path / "done" / "none", "done")
