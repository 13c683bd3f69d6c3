import pytest

from ops.azure import artifacts
from ops.azure.errors import AzureError, AzureNotFound, AzureRejected


def test_the_files_of_a_run_are_listed_with_their_sizes(connection, run):
    found = {file.path: file.size for file in artifacts.list_files(connection, run, "outputs/model/")}
    assert found == {"outputs/model/model.json": 2, "outputs/model/weights/w.bin": 5}


def test_a_run_nobody_knows_has_no_files(connection):
    assert artifacts.list_files(connection, "nobody", "outputs/") == []


def test_a_file_is_downloaded_whole(connection, run, tmp_path):
    assert artifacts.download(connection, run, "outputs/model/weights/w.bin", tmp_path / "w.bin", 100) == 5
    assert (tmp_path / "w.bin").read_bytes() == b"bytes"
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith("w")] == ["w.bin"]


def test_a_file_that_is_too_large_is_not_downloaded(connection, run, tmp_path):
    with pytest.raises(AzureRejected) as caught:
        artifacts.download(connection, run, "outputs/model/weights/w.bin", tmp_path / "w.bin", 4)
    assert caught.value.code == "TooLarge"
    assert not (tmp_path / "w.bin").exists()


def test_a_file_that_is_not_there_is_not_found(connection, run, tmp_path):
    with pytest.raises(AzureNotFound):
        artifacts.download(connection, run, "outputs/nothing", tmp_path / "nothing", 100)
    assert not list(tmp_path.glob("nothing*"))


def test_half_a_file_leaves_nothing_behind(connection, server, run, tmp_path):
    server.fault(method="GET", path="outputs/large.bin", half=True, count=9)
    with pytest.raises(AzureError) as caught:
        artifacts.download(connection, run, "outputs/large.bin", tmp_path / "large.bin", 10**7)
    assert caught.value.retryable
    assert not list(tmp_path.glob("large*"))
