"""Teams over the API: made by site admins, peopled by owners; a new account's password is given once."""

import pytest

from accounts.models import Membership, Team, User
from ops.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(script_of, olivia):
    return script_of(olivia)


@pytest.fixture
def admin(script_of, db):
    return script_of(User.objects.create_user("root", is_staff=True))


def member(person):
    return Membership.objects.get(user=person)


def test_a_site_admin_makes_a_team_and_owns_it(admin):
    status, team = admin.ask("POST", "teams", {"name": "Robots"})
    assert (status, team["name"]) == (201, "Robots")
    assert [(one["username"], one["role"]) for one in team["members"]] == [("root", "owner")]
    assert Event.objects.filter(verb="created", target_name="Robots").exists()
    listed = admin.ask("GET", "teams")[1]
    assert [(one["id"], one["role"], one["people"], one["workspaces"]) for one in listed] == [
        (team["id"], "owner", 1, 0)
    ]


@pytest.mark.parametrize("name", ["", "Vision", "x" * 81, "a\x00b", None])
def test_a_team_needs_a_name_of_its_own(admin, team, name):
    status, problem = admin.ask("POST", "teams", {"name": name})
    assert (status, list(problem["fields"])) == (422, ["name"])
    assert Team.objects.count() == 1


def test_only_a_token_for_everything_makes_a_team(script_of, team):
    root = User.objects.create_user("root", is_staff=True)
    Membership.objects.create(user=root, team=team, role="owner")
    for given in ({"scope": "write"}, {"scope": "manage", "team": team}):
        assert script_of(root, **given).ask("POST", "teams", {"name": "Robots"})[0] == 403


def test_an_owner_takes_somebody_in(owner, team, charlie):
    status, made = owner.ask("POST", f"teams/{team.public_id}/members", {"username": "CHARLIE", "role": "viewer"})
    assert (status, made["username"], made["role"], made["one_time_password"]) == (201, "charlie", "viewer", "")
    people = owner.ask("GET", f"teams/{team.public_id}")[1]["members"]
    assert made["id"] in [one["id"] for one in people]
    status, problem = owner.ask("POST", f"teams/{team.public_id}/members", {"username": "charlie", "role": "owner"})
    assert (status, problem["code"]) == (409, "team:already_member")


def test_somebody_new_gets_a_password_that_works_once_shown(owner, team):
    made = owner.ask("POST", f"teams/{team.public_id}/members", {"username": "new", "role": "operator"})[1]
    user = User.objects.get(username="new", must_change_password=True)
    assert user.check_password(made["one_time_password"])


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"username": ""}, "username"),
        ({"username": "a b"}, "username"),
        ({"username": "a\x00"}, "username"),
        ({"username": "x" * 151}, "username"),
        ({"role": "king"}, "role"),
        ({"role": None}, "role"),
    ],
)
def test_a_wrong_value_takes_nobody_in(owner, team, given, field):
    wanted = {"username": "new", "role": "viewer"} | given
    status, problem = owner.ask("POST", f"teams/{team.public_id}/members", wanted)
    assert (status, list(problem["fields"])) == (422, [field])
    assert Membership.objects.count() == 1


def test_an_owner_gives_another_role(owner, team, bob):
    address = f"teams/{team.public_id}/members/{member(bob).pk}"
    status, changed = owner.ask("PATCH", address, {"role": "operator"})
    assert (status, changed["role"], member(bob).role) == (200, "operator", "operator")
    status, problem = owner.ask("PATCH", address, {"role": "king"})
    assert (status, list(problem["fields"])) == (422, ["role"])


def test_the_last_owner_stays(owner, team, olivia):
    address = f"teams/{team.public_id}/members/{member(olivia).pk}"
    for status, problem in (owner.ask("PATCH", address, {"role": "viewer"}), owner.ask("DELETE", address)):
        assert (status, problem["code"]) == (409, "team:last_owner")
    assert member(olivia).role == "owner"


def test_a_site_admin_of_the_team_allows_it_the_machines_identity(script_of, team, olivia):
    address = f"teams/{team.public_id}"
    olivia.is_staff = True
    olivia.save()
    script = script_of(olivia)
    for allowed in (True, False):
        status, changed = script.ask("PATCH", address, {"may_use_host_identity": allowed})
        team.refresh_from_db()
        assert (status, changed["may_use_host_identity"], team.may_use_host_identity) == (200, allowed, allowed)
    assert script.ask("PATCH", address, {})[1]["fields"].keys() == {"may_use_host_identity"}
    assert script_of(olivia, "write").ask("PATCH", address, {"may_use_host_identity": True})[0] == 403


def test_an_owner_ends_the_pause_after_wrong_passwords(owner, team, bob):
    assert owner.ask("POST", f"teams/{team.public_id}/members/{member(bob).pk}/end-pause") == (204, None)


def test_people_leave_and_are_taken_out(owner, script_of, team, bob, alice):
    assert owner.ask("DELETE", f"teams/{team.public_id}/members/{member(bob).pk}") == (204, None)
    mine = f"teams/{team.public_id}/members/{member(alice).pk}"
    assert script_of(alice, "write").ask("DELETE", mine)[0] == 403
    assert script_of(alice).ask("DELETE", mine) == (204, None)
    assert not Membership.objects.filter(user__in=[bob, alice]).exists()


@pytest.mark.parametrize("number", [0, 10**18, 2**63, 10**30, "9" * 5000])
def test_a_number_that_nobody_has_is_a_404(owner, team, number):
    for method in ("PATCH", "DELETE"):
        body = {"role": "viewer"} if method == "PATCH" else None
        assert owner.ask(method, f"teams/{team.public_id}/members/{number}", body)[0] == 404
