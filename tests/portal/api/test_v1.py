"""The API as a whole: every page has its route, the document is complete, and nobody comes in without a key."""

import pytest
from django.urls import get_resolver

from portal.api.v1 import api

pytestmark = pytest.mark.django_db

# Pages that need no route of the same name: where a script finds the same, or why it needs it not.
ELSEWHERE = {
    "home:health": "/healthz is JSON already, for machines",
    "accounts:sign_in": "a script has a token",
    "accounts:sign_out": "a script has a token",
    "accounts:password": "a password is a person's",
    "accounts:setup": "the first person sets up the portal with a browser",
    "accounts:language": "Accept-Language",
    "jobs:create": "recipes_index",
    "operations:progress": "operations_detail",
}


def page_names():
    resolver = get_resolver()
    return [
        f"{pattern.namespace}:{page.name}"
        for pattern in resolver.url_patterns
        if getattr(pattern, "namespace", None) and pattern.namespace != "api-v1"
        for page in pattern.url_patterns
    ]


def operations():
    schema = api.get_openapi_schema()
    return {
        operation["operationId"]: (method, path, operation)
        for path, routes in schema["paths"].items()
        for method, operation in routes.items()
    }


def test_every_page_has_a_route_of_the_api():
    names, routes = page_names(), operations()
    assert len(names) > 40
    missing = [name for name in names if name.replace(":", "_") not in routes and name not in ELSEWHERE]
    assert not missing
    assert not [name for name in ELSEWHERE if name not in names], "an exception for a page that is gone"
    assert not [target for target in ELSEWHERE.values() if "_" in target and " " not in target and target not in routes]


def test_every_route_value_and_schema_says_what_it_is():
    schema = api.get_openapi_schema()
    for name, (_method, path, operation) in operations().items():
        assert operation["description"].endswith((".", ")")), name
        assert operation["responses"]["default"]["content"], name
        for parameter in operation.get("parameters", []):
            if parameter["in"] != "path":
                assert parameter.get("description") or parameter["schema"].get("description"), (path, parameter)
    for name, component in schema["components"]["schemas"].items():
        for field, facts in component.get("properties", {}).items():
            is_nested = "$ref" in str(facts)
            assert facts.get("examples") is not None or is_nested, (name, field)
            assert facts.get("description") or is_nested, (name, field)


@pytest.mark.parametrize("name", sorted(operations()))
def test_nobody_comes_in_without_a_key(client, name):
    method, path, _operation = operations()[name]
    address = path.replace("{member_id}", "1")
    response = client.generic(method.upper(), address.replace("{", "").replace("}", ""))
    assert response.status_code == 401
    assert response.json()["code"] == "http:401"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["/api/v1/nowhere", "/api/", "/api/v2/jobs"])
def test_an_unknown_address_is_a_404_in_the_apis_own_shape(client, path):
    response = client.get(path)
    assert (response.status_code, response.json()["code"]) == (404, "http:404")


def test_another_method_is_a_405_in_the_apis_own_shape(script):
    response = script.delete("/api/v1/jobs")
    assert (response.status_code, response.json()["code"]) == (405, "http:405")
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


def test_the_command_prints_the_document(capsys):
    import json

    from django.core.management import call_command

    call_command("openapi")
    assert json.loads(capsys.readouterr().out)["info"]["title"] == "Portolan"
