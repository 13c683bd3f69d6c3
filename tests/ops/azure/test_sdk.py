import os
import sys

import pytest

from ops.azure import codes, jobs, sdk, workspaces
from ops.azure.errors import AzureConflict
from tests.ops.azure.conftest import sent


def test_uploads_and_jobs_print_nothing_and_send_no_telemetry(connection, spec, source, capfd):
    (source / "new.py").write_text("# new\n")
    codes.upload(connection, source)
    jobs.create(connection, spec)
    assert capfd.readouterr() == ("", "")
    assert "azure.monitor.opentelemetry" not in sys.modules


def test_a_subscription_without_the_provider_is_told_and_not_changed(connection, server):
    server.fault(path="/workspaces/local$", status=409, code="MissingSubscriptionRegistration", message="Register it.")
    server.forget_requests()
    with pytest.raises(AzureConflict, match="Register it"):
        workspaces.get(connection)
    assert [request.split()[0] for request in sent(server)] == ["GET"]


def test_a_name_that_a_newer_sdk_lacks_is_noticed():
    with pytest.raises(AttributeError):
        sdk._replace(os, "no_such_name", None)


def test_loading_leaves_the_process_its_cloud(server):
    sdk.load()
    assert os.environ["AZUREML_CURRENT_CLOUD"] == "local"
