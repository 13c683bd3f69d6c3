"""Which processes make a site, and who is given amlocal's key."""

import pytest

from launch.console import Problem
from launch.supervisor import services


def test_the_shared_environment_never_has_amlocals_key(monkeypatch, tmp_path):
    secrets = {*services.AMLOCAL_ONLY, *services.MANAGED_IDENTITY}
    for name in secrets:
        monkeypatch.setenv(name, "secret")
    environment = services.shared_environment(tmp_path, "redis://x")
    assert not secrets & set(environment)
    assert environment["REDIS_URL"] == "redis://x"


def test_a_managed_identity_reaches_the_workers_of_azure_only(monkeypatch):
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:41741/msi/token")
    monkeypatch.setenv("MSI_SECRET", "amlocal's")
    given = services.azure_environment("AzureCloud")
    assert given == {"IDENTITY_ENDPOINT": "http://127.0.0.1:41741/msi/token", "AZUREML_CURRENT_CLOUD": "AzureCloud"}


def test_amlocal_is_given_nothing_of_the_portals(monkeypatch, tmp_path):
    for name in ("PORTAL_SECRET_KEY", "PORTAL_VAULT_KEYS", "DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(name, "secret")
    assert "secret" not in services.amlocal_environment(tmp_path).values()


def test_this_machine_is_never_reached_through_a_proxy(monkeypatch, tmp_path):
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    environment = services.shared_environment(tmp_path, "")
    assert environment["NO_PROXY"].split(",") == ["intranet.example", "localhost", "127.0.0.1", "::1"]
    assert environment["no_proxy"] == environment["NO_PROXY"]


def test_without_amlocal_there_is_no_local_cloud(monkeypatch):
    monkeypatch.setenv("PORTAL_CLOUDS", "local,AzureCloud")
    assert services.clouds() == ["local", "AzureCloud"]
    monkeypatch.setenv("PORTAL_AMLOCAL", "0")
    assert services.clouds() == ["AzureCloud"]
    assert not services.has_amlocal()


def test_the_site_is_opened_by_a_name_that_works_here(monkeypatch):
    monkeypatch.setenv("PORTAL_PORT", "8123")
    assert services.site_url() == "http://localhost:8123"
    monkeypatch.setenv("PORTAL_BIND", "0.0.0.0")
    assert services.site_url() == "http://localhost:8123"


def test_amlocal_says_itself_what_points_a_client_at_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PORTAL_AMLOCAL_PORT", "18999")
    variables = services.amlocal_variables(tmp_path)
    assert variables["AMLOCAL_URL"] == "https://localhost:18999"
    assert variables["AZUREML_CURRENT_CLOUD"] == "local"
    assert {"MSI_SECRET", "REQUESTS_CA_BUNDLE"} <= set(variables)


def test_amlocals_own_sentence_is_passed_on(monkeypatch, tmp_path):
    monkeypatch.setenv("AMLOCAL_BIND", "0.0.0.0")
    with pytest.raises(Problem, match="AMLOCAL_SECRET"):
        services.amlocal_variables(tmp_path)
