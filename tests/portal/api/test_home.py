"""Home over the API: the key figures of one's own teams."""

import pytest

from tests.portal import factories

pytestmark = pytest.mark.django_db


def test_the_figures_are_of_ones_own_teams(script, script_of, charlie, workspace):
    assert script.ask("GET", "home")[1]["next_step"] == "job"
    factories.run(workspace, "Completed")
    factories.run(workspace, "Running")
    version = factories.version(workspace)
    factories.deployment(factories.endpoint(workspace), model_version=version)
    figures = script.ask("GET", "home")[1]
    counted = {name: figures[name] for name in ("jobs", "running", "completed", "models", "versions", "endpoints")}
    assert counted == {"jobs": 2, "running": 1, "completed": 1, "models": 1, "versions": 1, "endpoints": 1}
    assert script.ask("GET", f"home?workspace={workspace.public_id}")[1] == figures
    for nothing in (script.ask("GET", "home?workspace=nobodys")[1], script_of(charlie).ask("GET", "home")[1]):
        assert (nothing["jobs"], nothing["models"], nothing["next_step"]) == (0, 0, "workspace")
