"""When the browser packages have to be fetched anew, and which of them are fetched."""

import pytest

from launch.setup import fingerprints, npm_packages


@pytest.fixture
def installed(tmp_path):
    """A checkout whose browser packages are installed, without those for development."""
    for name in npm_packages.BUNDLE:
        (tmp_path / name).write_text("1")
    for inputs in (npm_packages.PACKAGES, npm_packages.BUNDLE):
        fingerprints.write(
            npm_packages._fingerprint_file(tmp_path, inputs), npm_packages._fingerprint(tmp_path, inputs)
        )
    return tmp_path


def test_browser_packages_are_stale_when_their_lock_changes(installed):
    assert npm_packages.is_ready(installed)
    (installed / "package-lock.json").write_text("2")
    assert not npm_packages.is_ready(installed)


def test_formatters_are_asked_for_by_development_alone(installed):
    assert npm_packages.is_ready(installed)
    assert not npm_packages.is_ready(installed, tools=True)
    fingerprints.write(npm_packages._tools_file(installed), npm_packages._fingerprint(installed, npm_packages.PACKAGES))
    assert npm_packages.is_ready(installed, tools=True)


@pytest.mark.parametrize(("tools", "options"), [(False, ["ci", "--omit=dev"]), (True, ["ci"])])
def test_packages_for_development_are_left_out_unless_asked_for(tmp_path, monkeypatch, tools, options):
    for name in npm_packages.BUNDLE:
        (tmp_path / name).write_text("1")
    for name, body in (("node", "echo v22.0.0"), ("npm", f'echo "$@" >> {tmp_path}/asked')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    npm_packages.install("browser packages", tmp_path, tmp_path / "log", tools=tools)
    assert (tmp_path / "asked").read_text().split() == options
    assert npm_packages.is_ready(tmp_path, tools=tools)
