"""Generated requests for every route, some as the OpenAPI document allows and some as it does not, answered as it says.

The same requests each time. What one changed is undone before the next.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from portal.api.v1 import api
from portal.wsgi import application
from tests.portal import factories

pytestmark = [pytest.mark.django_db, pytest.mark.extended, pytest.mark.slow]
# Of each kind of requests.
EXAMPLES = 10
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ROUTES = [(method.upper(), path) for path, methods in api.get_openapi_schema()["paths"].items() for method in methods]


@cache
def document() -> Any:
    """The document as the site serves it; read once, by the first test."""
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """The connection with the test's transaction stays open between requests, as Django's own test client has it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def headers(script_of, olivia) -> dict[str, str]:
    """A token of an owner and site admin, who may everything."""
    olivia.is_staff = True
    olivia.save()
    return {"Authorization": script_of(olivia).defaults["HTTP_AUTHORIZATION"], "Accept-Encoding": "identity"}


@pytest.fixture
def ids(workspace, endpoint, olivia) -> dict[str, Any]:
    """The addresses' variables with values of rows that are there, one of each noun."""
    run = factories.run(workspace, "Completed", by=olivia)
    factories.metric(run, "val_accuracy", [0.5, None, 0.98])
    factories.log(run, "epoch 1\n")
    version = factories.version(workspace, "other", run=run)
    return {
        "team_id": workspace.team.public_id,
        "member_id": olivia.memberships.get().pk,
        "workspace_id": workspace.public_id,
        "job_id": run.public_id,
        "model_id": version.registered_model.public_id,
        "version_id": version.public_id,
        "path": factories.version_file(version).path,
        "sample_id": factories.sample(version).public_id,
        "endpoint_id": endpoint.public_id,
        "deployment_id": endpoint.deployments.get().public_id,
        "operation_id": factories.operation(workspace, state="failed", error_code="azure:unreachable").public_id,
        "token_id": olivia.api_tokens.get().public_id if olivia.api_tokens.exists() else "nothing",
        "name": "mnist-keras",
    }


def strategies(operation: Any, ids: dict[str, Any]) -> Iterator[Any]:
    """Requests about rows that are there, allowed and not; about whatever is generated; one that succeeds."""
    known = {parameter.name: ids[parameter.name] for parameter in operation.path_parameters}
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        yield operation.as_strategy(generation_mode=mode, path_parameters=known)
    yield operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    if body := bodies(ids).get(operation.path):
        yield operation.as_strategy(path_parameters=known, body=body, media_type="application/json")


def bodies(ids: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What the writes take that name other rows: no generated body does."""
    return {
        "/api/v1/jobs": {"recipe": "mnist-keras", "workspace": ids["workspace_id"], "compute": "cpu-cluster"},
        "/api/v1/versions": {"job": ids["job_id"]},
        "/api/v1/endpoints/deploy": {"version": ids["version_id"], "endpoint_name": "fresh"},
        "/api/v1/endpoints/{endpoint_id}/traffic": {"split": {"blue": 100}},
    }


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_answer_to_generated_requests_is_as_the_document_says(headers, ids, method, path):
    operation = document()[path][method]
    for strategy in strategies(operation, ids):

        @given(case=strategy)
        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def holds(case):
            with transaction.atomic():
                response = case.call(headers=headers)
                transaction.set_rollback(True)
            case.validate_response(response, checks=CHECKS)

        holds()
