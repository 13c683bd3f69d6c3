from ops.azure import environments
from tests.ops.azure.conftest import TAGS


def test_an_environment_is_made_once(connection, server, conda_file, name):
    plain = name("plain")
    found = environments.ensure(connection, plain, "1", conda_file, "ubuntu:22.04", TAGS)
    assert found.endswith(f"/environments/{plain}/versions/1")
    assert environments.ensure(connection, plain, "1", conda_file, "ubuntu:22.04", TAGS) == found
    puts = server.requests("PUT", f"/environments/{plain}/")
    assert len(puts) == 1
    assert puts[0]["tags"] == TAGS
