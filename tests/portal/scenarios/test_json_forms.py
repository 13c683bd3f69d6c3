"""The JSON forms keep the keys that docs/json.md names."""

import pytest

from ops.models import Operation
from portal.presenters import endpoints, jobs, models, workspaces
from portal.presenters.json import endpoints as endpoint_json
from portal.presenters.json import jobs as job_json
from portal.presenters.json import models as model_json
from portal.presenters.json import operations as operation_json
from portal.presenters.json import workspaces as workspace_json
from portal.queries import endpoints as endpoint_queries
from tests.portal import factories

pytestmark = pytest.mark.django_db
STEP = {"name", "label", "state", "started_at", "ended_at", "note"}


def test_a_thing_with_which_nothing_was_done_has_no_operation(workspace):
    assert operation_json.detail(None) is None
    given = operation_json.detail(factories.operation(workspace))
    assert given["target"] == {"label": workspace.name, "url": f"/workspaces/{workspace.public_id}/"}
    assert set(given["steps"][0]) == STEP


def test_a_run_has_all_metrics_on_its_page_and_the_key_one_in_the_list(workspace):
    run = factories.run(workspace, "Failed", error_code="azure:unreachable")
    factories.metric(run, "val_accuracy", [0.5, 0.9])
    assert job_json.summary(run)["metrics"] == {}
    given = job_json.page(jobs.page(run, may_write=False))
    assert given["operation"] is None
    assert given["run"]["metrics"] == {"val_accuracy": {"value": 0.9, "step": 2, "points": 2}}
    assert given["run"]["error"]["code"] == "azure:unreachable"
    assert {"metrics", "status_changes", "log_files", "model_versions"} <= set(given["run"])


def test_a_version_has_its_registration_and_what_went_wrong_with_it(workspace):
    version = factories.version(workspace)
    facts = {"target": version, "error_code": "azure:unreachable"}
    factories.operation(workspace, Operation.Kind.REGISTER_VERSION, "failed", **facts)
    given = model_json.page(models.page(version, may_write=False))
    assert given["model_version"]["error"]["code"] == given["operation"]["error"]["code"] == "azure:unreachable"
    assert {"metrics", "spec", "files", "samples"} <= set(given["model_version"])


def test_an_endpoint_has_its_deployments_with_their_share(workspace):
    factories.deployment(factories.endpoint(workspace), traffic=70)
    endpoint = endpoint_queries.list_endpoints().get()
    given = endpoint_json.page(endpoint, endpoints.page(endpoint, may_write=False).operation)
    assert given["endpoint"]["traffic"] == {"blue": 70}
    assert given["endpoint"]["deployments"][0]["traffic"] == 70
    assert given["endpoint"]["deployments"][0]["model_version"] is None


def test_a_workspace_has_its_computes(workspace):
    given = workspace_json.page(workspaces.page(workspace, may_write=False))
    assert [compute["name"] for compute in given["workspace"]["computes"]] == ["cpu-cluster"]
