"""What each request of the API's permission matrix sends, and the keys that people come with. No test in here."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts import tokens
from accounts.models import ApiToken, Membership, Team
from tests.portal import factories
from tests.portal.scenarios.api_permission_table import SESSION
from tests.portal.scenarios.permission_table import MEMBERS
from tests.portal.scenarios.permission_world import Holdings, World, arguments, posts


@dataclass(frozen=True)
class Sent:
    """The parts of a request: the address's arguments and query, and a body as JSON or as a multipart form."""

    arguments: list[Any] = field(default_factory=list)
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    form: dict[str, Any] | None = None


def keys(world: World, person: str) -> dict[str, dict[str, str]]:
    """Return the headers of each way in that the person has. The tokens and the other team are made here."""
    found: dict[str, dict[str, str]] = {SESSION: {}}
    if person in MEMBERS:
        user = world.people[person]
        assert user
        elsewhere = Team.objects.create(name="Team beside")
        Membership.objects.create(user=user, team=elsewhere, role=person)
        for scope in ApiToken.Scope.values:
            found[scope] = _bearer(tokens.create(user, name=scope, scope=scope)[1])
        found["elsewhere"] = _bearer(tokens.create(user, name="elsewhere", scope="manage", team=elsewhere)[1])
    return found


def requests(world: World, person: str) -> dict[str, Sent]:
    """Return what each row sends: valid data about the asked team's rows, as the pages' rows do."""
    ours = world.ours
    shared = {_row(name): given for name, given in arguments(world, person).items()}
    bodies = {_row(name): given for name, given in posts(world, person).items()}
    filtered = {"workspace": ours.workspace.public_id}
    found = {name: Sent(given, body=bodies.get(name)) for name, given in shared.items()}
    for name in ("teams_create", "workspaces_register", "endpoints_deploy", "tokens_create"):
        found |= {row: Sent(body=body) for row, body in bodies.items() if row.startswith(name)}
    found |= {f"{noun}_index": Sent(query=filtered) for noun in ("home", "jobs", "models", "endpoints", "predict")}
    return found | {
        "operations_index": Sent(query=filtered),
        "teams_host_identity": Sent([ours.team.public_id], body={"may_use_host_identity": True}),
        "recipes_detail": Sent(["mnist-keras"]),
        "jobs_queue": Sent(body=_job(ours)),
        "jobs_queue (others' compute)": Sent(body=_job(world.others(person))),
        "jobs_queue_with_files": Sent(form={"job": json.dumps(_job(ours)), "input_data": _file()}),
        "jobs_log": Sent([ours.completed.public_id]),
        "jobs_metrics": Sent([ours.completed.public_id]),
        "models_versions": Sent([ours.version.registered_model.public_id]),
        "models_register": Sent(body={"job": ours.completed.public_id, "name": "a-new-name"}),
        "endpoints_traffic": Sent([ours.endpoint.public_id], body={"split": {"blue": 80, "green": 20}}),
        "endpoints_delete": Sent([ours.endpoint.public_id], {"confirm": ours.endpoint.name}),
        "predict_send": Sent([ours.endpoint.public_id], form=bodies["predict_send"]),
        "predict_send (others' sample)": Sent(
            [world.own(person).endpoint.public_id], form=bodies["predict_send (others' sample)"]
        ),
    }


def _row(page: str) -> str:
    """Return the name of the API's row for a page's row."""
    return page.replace(":", "_", 1)


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def _job(team: Holdings) -> dict[str, Any]:
    return {
        "recipe": "mnist-keras",
        "workspace": team.workspace.public_id,
        "compute": "cpu-cluster",
        "display_name": "new",
        "parameters": factories.PARAMETERS,
    }


def _file() -> SimpleUploadedFile:
    return SimpleUploadedFile("part.gz", b"x")
