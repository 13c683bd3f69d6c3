from ops.azure import data
from tests.ops.azure.conftest import TAGS, sent


def test_a_folder_becomes_a_data_asset_once(connection, server, source, name):
    digits = name("digits")
    found = data.upload(connection, digits, "f00d", source, TAGS)
    assert found.endswith(f"/data/{digits}/versions/f00d")
    assert server.requests("PUT", f"/data/{digits}/")[0]["tags"] == TAGS
    server.forget_requests()
    assert data.upload(connection, digits, "f00d", source, TAGS) == found
    assert [request.split()[0] for request in sent(server)] == ["GET"]


def test_a_version_that_is_not_there_is_no_error(connection):
    assert data.find(connection, "nothing", "1") == ""
