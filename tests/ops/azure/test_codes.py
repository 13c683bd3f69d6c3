import pytest

from ops.azure import codes
from ops.azure.errors import AzureRejected
from tests.ops.azure.conftest import sent


def blobs(server):
    return sorted(request["path"].partition("/src/")[2] for request in server.requests("PUT", "/src/"))


def test_code_is_uploaded_once_for_each_content(connection, server, source):
    first = codes.upload(connection, source)
    server.forget_requests()
    assert codes.upload(connection, source) == first
    assert {request.split()[0] for request in sent(server)} == {"GET"}
    (source / "score.py").write_text("# changed\n")
    assert codes.upload(connection, source) != first


def test_compiled_python_stays_at_home(connection, server, source):
    codes.upload(connection, source)
    assert set(blobs(server)) == {"score.py", "package/lenet.py"}


def test_the_folders_own_ignore_file_counts(connection, server, source):
    (source / ".amlignore").write_text("*.csv\n")
    (source / "private.csv").write_text("1,2\n")
    codes.upload(connection, source)
    assert "private.csv" not in blobs(server)


def test_compiled_python_does_not_change_the_content(connection, source):
    first = codes.upload(connection, source)
    (source / "__pycache__").mkdir()
    (source / "__pycache__" / "score.pyc").write_bytes(b"\0\0")
    assert codes.upload(connection, source) == first


def test_an_empty_folder_is_rejected(connection, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(AzureRejected):
        codes.upload(connection, tmp_path / "empty")
