"""The rows that the permission matrix asks for, and what each of its requests sends. No test in here.

Two teams have the same things: ``Holdings``. Names of the first team contain ``MARK``, so that a page shown to somebody
outside can be searched for them.
"""

import io
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from accounts import tokens
from accounts.models import ApiToken, Membership, Team, User
from ops import vault
from ops.models import Credential, Deployment, Endpoint, Mirror, ModelVersion, Operation, Run, Sample, Workspace
from tests.portal import factories
from tests.portal.scenarios.permission_table import PEOPLE

MARK = "classified"
PASSWORD = "a-long-enough-password"
NEW_PASSWORD = "another-long-password"
SPEC = {
    "format": "pixels/v1",
    "file": "model.keras",
    "width": 28,
    "height": 28,
    "channels": 1,
    "color": "grayscale",
    "inverted": True,
    "labels": ["0", "1"],
}


@dataclass(frozen=True)
class Holdings:
    """What one team has: something for each route to read, to change and to refuse."""

    team: Team
    member: Membership
    credential: Credential
    workspace: Workspace
    idle_workspace: Workspace
    running: Run
    completed: Run
    version: ModelVersion
    sample: Sample
    endpoint: Endpoint
    idle_deployment: Deployment
    open_operation: Operation
    failed_operation: Operation


@dataclass(frozen=True)
class World:
    """The asked team's things, the neighbour's things, and the people with a token each; anonymous is None."""

    ours: Holdings
    theirs: Holdings
    people: dict[str, User | None]
    tokens: dict[str, ApiToken]
    setup_token: str

    def own(self, person: str) -> Holdings:
        return self.theirs if person == "neighbour" else self.ours

    def others(self, person: str) -> Holdings:
        return self.ours if person == "neighbour" else self.theirs

    def token_of_another(self, person: str) -> ApiToken:
        return self.tokens["viewer" if person == "owner" else "owner"]


def build(setup_token: str, scoring_uri: str) -> World:
    """Both teams with their things, and everybody. The endpoints answer at ``scoring_uri``."""
    ours, theirs = holdings(MARK, scoring_uri), holdings("elsewhere", scoring_uri)
    people = {name: None if name == "anonymous" else _person(name) for name in PEOPLE}
    User.objects.filter(username="admin").update(is_staff=True)
    for role in ("viewer", "operator", "owner"):
        Membership.objects.create(user=people[role], team=ours.team, role=role)
    Membership.objects.create(user=people["neighbour"], team=theirs.team, role="owner")
    made = {
        name: tokens.create(user, name=f"script of {name}", scope="read")[0] for name, user in people.items() if user
    }
    return World(ours, theirs, people, made, setup_token)


def holdings(name: str, scoring_uri: str) -> Holdings:
    """A team of one owner with a workspace and all that can be in it; ``name`` is part of each name."""
    team = Team.objects.create(name=f"Team {name}", may_use_host_identity=True)
    member = Membership.objects.create(user=_person(f"{name}-member"), team=team, role="owner")
    credential = Credential.objects.create(team=team, kind="managed_identity", name=f"{name}-identity")
    workspace, idle = (_workspace(team, credential, f"{name}-{word}") for word in ("main", "idle"))
    completed = factories.run(workspace, "Completed", display_name=f"{name} lenet")
    factories.log(completed, f"{name} log line\n")
    factories.metric(completed, "val_accuracy", [0.5, 0.98])
    version = factories.version(workspace, name=f"{name}-lenet", run=completed)
    version.spec = SPEC
    version.save()
    factories.version_file(version, content=name.encode())
    endpoint = factories.endpoint(
        workspace, name=f"{name}-digits", scoring_uri=scoring_uri, key_encrypted=vault.encrypt("key")
    )
    factories.deployment(endpoint, "blue", 100, model_version=version)
    return Holdings(
        team=team,
        member=member,
        credential=credential,
        workspace=workspace,
        idle_workspace=idle,
        running=factories.run(workspace, "Running", display_name=f"{name} running"),
        completed=completed,
        version=version,
        sample=factories.sample(version, content=png()),
        endpoint=endpoint,
        idle_deployment=factories.deployment(endpoint, "green", 0, model_version=version),
        open_operation=factories.operation(workspace),
        failed_operation=factories.operation(workspace, state="failed"),
    )


def arguments(world: World, person: str) -> dict[str, list[Any]]:
    """The arguments of each row's address; a row without arguments is left out."""
    ours, theirs = world.ours, world.theirs
    own_membership = Membership.objects.filter(user=world.people[person]).first() if person != "anonymous" else None
    oneself = [ours.team.public_id, own_membership.pk if own_membership else 0]
    member, not_a_member = [ours.team.public_id, ours.member.pk], [ours.team.public_id, theirs.member.pk]
    workspace, endpoint, version = [ours.workspace.public_id], [ours.endpoint.public_id], [ours.version.public_id]
    running, completed = [ours.running.public_id], [ours.completed.public_id]
    going, failed = [ours.open_operation.public_id], [ours.failed_operation.public_id]
    return {
        "accounts:setup": [world.setup_token],
        "teams:members": [ours.team.public_id],
        "teams:add_member": [ours.team.public_id],
        "teams:add_member (new account)": [ours.team.public_id],
        "teams:change_role": member,
        "teams:change_role (one's own)": oneself,
        "teams:change_role (not a member)": not_a_member,
        "teams:host_identity": [ours.team.public_id],
        "teams:end_pause": member,
        "teams:remove_member": member,
        "teams:remove_member (oneself)": oneself,
        "teams:remove_member (not a member)": not_a_member,
        "workspaces:detail": workspace,
        "workspaces:test": workspace,
        "workspaces:unregister": [ours.idle_workspace.public_id],
        "jobs:queue": ["mnist-keras"],
        "jobs:detail": completed,
        "jobs:cancel": running,
        "jobs:retry": completed,
        "jobs:log_file": completed,
        "models:version": version,
        "models:file": [*version, "model.json"],
        "models:sample": [ours.sample.public_id],
        "models:register": completed,
        "models:detail": [ours.version.registered_model.public_id],
        "endpoints:detail": endpoint,
        "endpoints:traffic": endpoint,
        "endpoints:delete": endpoint,
        "endpoints:delete_deployment": [*endpoint, ours.idle_deployment.public_id],
        "endpoints:delete_deployment (mismatched)": [theirs.endpoint.public_id, ours.idle_deployment.public_id],
        "predict:show": endpoint,
        "predict:send": endpoint,
        "predict:send (others' sample)": [world.own(person).endpoint.public_id],
        "operations:detail": going,
        "operations:progress": going,
        "operations:cancel": going,
        "operations:retry": failed,
        "tokens:revoke": [world.tokens.get(person, world.tokens["owner"]).public_id],
        "tokens:revoke (another's)": [world.token_of_another(person).public_id],
    }


def queries(world: World) -> dict[str, dict[str, str]]:
    """What a GET asks for beyond its address: rows of the asked team, whose names a form or a list could give away."""
    ours = world.ours
    in_workspace = {"workspace": ours.workspace.public_id}
    return {
        "jobs:queue": {"from": ours.completed.public_id},
        "endpoints:deploy": {"version": ours.version.public_id, "endpoint": ours.endpoint.public_id},
        **{f"{noun}:index": in_workspace for noun in ("jobs", "models", "endpoints", "predict", "operations")},
    }


def posts(world: World, person: str) -> dict[str, dict[str, Any]]:
    """What each POST sends: valid data about the asked team's rows. A row that sends nothing is left out.

    Where the row says so, the data is of the person's own team but for one thing, which is of others.
    """
    ours, own, others = world.ours, world.own(person), world.others(person)
    return {
        "accounts:sign_in": {"username": "stranger", "password": PASSWORD},
        "accounts:password": {
            "old_password": PASSWORD,
            "new_password1": "a-new-phrase",
            "new_password2": "a-new-phrase",
        },
        "accounts:setup": {"username": "x", "password": PASSWORD, "password_again": PASSWORD, "team": "Mine"},
        "accounts:language": {"language": "zh-hans", "next": "/"},
        "teams:create": {"name": "A new team"},
        "teams:add_member": {"username": "stranger", "role": "viewer"},
        "teams:add_member (new account)": {"username": "somebody-new", "role": "viewer"},
        "teams:change_role": {"role": "viewer"},
        "teams:change_role (one's own)": {"role": "viewer" if person == "owner" else "owner"},
        "teams:change_role (not a member)": {"role": "viewer"},
        "workspaces:register": _registration(ours, ours),
        "workspaces:register (others' credential)": _registration(own, others),
        "jobs:queue": _job(ours),
        "models:register": {"name": "a-new-name"},
        "endpoints:deploy": _deployment(ours) | {"endpoint_name": "brand-new"},
        "endpoints:deploy (others' endpoint)": _deployment(own) | {"endpoint": others.endpoint.public_id},
        "endpoints:traffic": {"share_blue": "80", "share_green": "20"},
        "endpoints:delete": {"typed_name": ours.endpoint.name},
        "predict:send": {"image": SimpleUploadedFile("one.png", png(), "image/png")},
        "predict:send (others' sample)": {"sample": others.sample.public_id},
        "tokens:create": {"name": "new", "scope": "read"},
        "tokens:create (others' team)": {"name": "new", "scope": "read", "team": others.team.public_id},
    }


def png() -> bytes:
    kept = io.BytesIO()
    Image.new("L", (28, 28), 0).save(kept, "PNG")
    return kept.getvalue()


def _registration(team: Holdings, credential: Holdings) -> dict[str, str]:
    return {
        "team": team.team.public_id,
        "cloud": "AzureCloud",
        "credential": credential.credential.public_id,
        "subscription_id": "11111111-2222-3333-4444-555555555555",
        "resource_group": "rg-new",
        "name": "vision-new",
    }


def _job(team: Holdings) -> dict[str, Any]:
    """Every parameter of the recipe, and an input file: a refused job must not leave one behind."""
    parameters = {f"parameter_{name}": str(value) for name, value in factories.PARAMETERS.items()}
    return parameters | {
        "compute": f"{team.workspace.public_id}/cpu-cluster",
        "display_name": "new",
        "input_data": SimpleUploadedFile("part.gz", b"x"),
    }


def _deployment(team: Holdings) -> dict[str, str]:
    return {
        "version": team.version.public_id,
        "instance_type": "Standard_DS3_v2",
        "instance_count": "1",
        "request_timeout_ms": "5000",
    }


def _workspace(team: Team, credential: Credential, name: str) -> Workspace:
    workspace = Workspace.objects.create(
        team=team,
        credential=credential,
        cloud="AzureCloud",
        subscription_id="00000000-0000-0000-0000-000000000001",
        resource_group="rg-ml",
        name=name,
        state=Workspace.State.READY,
    )
    Mirror.objects.create(workspace=workspace, seen_at=timezone.now())
    workspace.computes.create(name="cpu-cluster", kind="amlcompute", arm_id=f"/{name}/cpu", seen_at=timezone.now())
    return workspace


def _person(name: str) -> User:
    return User.objects.create_user(name, password=PASSWORD)
