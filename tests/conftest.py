"""People, a team and a workspace for every test. Nothing of ours is mocked; only loopback sockets are opened."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# Tests never touch the developer's own state; this must stand before Django reads its settings.
_home = tempfile.TemporaryDirectory(prefix="portolan-tests-", ignore_cleanup_errors=True)
os.environ["PORTAL_HOME"] = _home.name
(Path(_home.name) / "static").mkdir()  # WhiteNoise warns about a missing folder, and warnings are looked at
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

import pytest  # noqa: E402
from django.test import Client  # noqa: E402
from xdist.scheduler import LoadFileScheduling  # noqa: E402

from tests.amlocal_server import AmlocalServer  # noqa: E402

# They share one site, and the main job needs it empty: one worker, in the order of their names.
ON_ONE_SITE = "tests/journeys/"
ON_THEIR_OWN = ("test_demo.py", "test_server.py")


def is_journey(nodeid: str) -> bool:
    path = nodeid.split("::", 1)[0]
    return path.startswith(ON_ONE_SITE) and not path.endswith(ON_THEIR_OWN)


class ByFile(LoadFileScheduling):
    """With several workers a file stays on one of them, and so do the journeys, all together.

    xdist's own groups (--dist loadgroup) write into a node's id, which pytest 9.2 does not let them do any more.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "journeys" if is_journey(nodeid) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest work begins first."""
    items.sort(key=lambda item: not is_journey(item.nodeid))


@pytest.fixture(autouse=True)
def quick_settings(settings):
    """Tests need no collectstatic (names are served as they are written) and no slow password hashes."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(scope="session")
def shared_amlocal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AmlocalServer]:
    """The one local Azure ML of the session. Its address must be in the environment only while a test wants it."""
    server = AmlocalServer(tmp_path_factory.mktemp("amlocal")).start()
    yield server
    server.stop()


@pytest.fixture
def team(db):
    from accounts.models import Team

    return Team.objects.create(name="Vision")


def _person(name: str, team: object | None, role: str | None):
    from accounts.models import Membership, User

    user = User.objects.create_user(name.lower(), password=f"{name}-long-password", first_name=name)
    if team is not None:
        Membership.objects.create(user=user, team=team, role=role)
    return user


@pytest.fixture
def alice(team):
    """Alice operates."""
    return _person("Alice", team, "operator")


@pytest.fixture
def bob(team):
    """Bob reads and predicts."""
    return _person("Bob", team, "viewer")


@pytest.fixture
def olivia(team):
    """Olivia owns the team."""
    return _person("Olivia", team, "owner")


@pytest.fixture
def charlie(db):
    """Charlie is outside, an operator of another team: must see nothing."""
    from accounts.models import Team

    return _person("Charlie", Team.objects.create(name="Elsewhere"), "operator")


@pytest.fixture
def client_of(db) -> Callable[[object], Client]:
    """A browser signed in as that person."""

    def sign_in(person: object) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return sign_in


@pytest.fixture
def credential(team):
    from ops.services import credentials

    return credentials.for_local(team)


@pytest.fixture
def workspace(team, credential):
    """A registered, ready workspace of the local cloud with one compute; its Azure side is not started."""
    from django.utils import timezone

    from ops.models import Compute, Mirror, Workspace

    workspace = Workspace.objects.create(
        team=team,
        credential=credential,
        cloud="local",
        subscription_id="00000000-0000-0000-0000-000000000001",
        resource_group="amlocal",
        name="local",
        state=Workspace.State.READY,
    )
    Mirror.objects.create(workspace=workspace, seen_at=timezone.now())
    Compute.objects.create(
        workspace=workspace, name="cpu-cluster", kind="amlcompute", arm_id="/cpu-cluster", seen_at=timezone.now()
    )
    return workspace
