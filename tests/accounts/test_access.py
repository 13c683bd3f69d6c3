"""The one place that decides who may do what: every function, for every kind of person, on rows near and far."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404

from accounts import access, tokens
from accounts.models import ApiToken, Team
from ops.models import Credential, Deployment, Event, ModelVersion, Operation, Run, Sample, Workspace
from scoring.models import Prediction
from tests.portal import factories

pytestmark = pytest.mark.django_db


def decision(function, rows, person, **lookup):
    """What came of asking: "yes", "read only" or "not there"."""
    try:
        function(rows, person, **lookup)
    except PermissionDenied:
        return "read only"
    except Http404:
        return "not there"
    return "yes"


@pytest.fixture
def people(olivia, alice, bob, charlie, django_user_model):
    stranger = django_user_model.objects.create_user("dave")
    admin = django_user_model.objects.create_superuser("root")
    return {
        "owner": olivia,
        "operator": alice,
        "viewer": bob,
        "neighbour": charlie,
        "stranger": stranger,
        "site admin": admin,
        "nobody": AnonymousUser(),
    }


OUTSIDE = dict.fromkeys(("neighbour", "stranger", "site admin", "nobody"), "not there")
EXPECTED = {
    access.readable: {"owner": "yes", "operator": "yes", "viewer": "yes"} | OUTSIDE,
    access.predictable: {"owner": "yes", "operator": "yes", "viewer": "yes"} | OUTSIDE,
    access.writable: {"owner": "yes", "operator": "yes", "viewer": "read only"} | OUTSIDE,
    access.manageable: {"owner": "yes", "operator": "read only", "viewer": "read only"} | OUTSIDE,
}


@pytest.mark.parametrize("function", EXPECTED, ids=lambda function: function.__name__)
def test_each_question_has_one_answer_for_each_person(function, people, workspace):
    run = factories.run(workspace)
    for rows in (Run, Run.objects.filter(status="Running")):
        answers = {name: decision(function, rows, person, pk=run.pk) for name, person in people.items()}
        assert answers == EXPECTED[function]


def test_a_team_itself_is_decided_on_in_the_same_way(people, team):
    answers = {name: decision(access.manageable, Team, person, pk=team.pk) for name, person in people.items()}
    assert answers == EXPECTED[access.manageable]


def test_every_row_that_names_a_way_to_its_team_is_found_along_it(workspace, credential, alice, charlie):
    run = factories.run(workspace)
    version = factories.version(workspace, run=run)
    endpoint = factories.endpoint(workspace)
    factories.deployment(endpoint, model_version=version)
    factories.sample(version)
    factories.event(factories.operation(workspace), Event.Verb.STEP)
    Prediction.objects.create(endpoint=endpoint)
    for model in (Credential, Workspace, Run, ModelVersion, Sample, Deployment, Operation, Event, Prediction):
        assert access.visible(model, alice).count() == 1, model
        assert access.visible(model, charlie).count() == 0, model


def test_offers_follow_the_role(people, workspace):
    run = factories.run(workspace)
    may_write = {name for name, person in people.items() if access.may_write(run, person)}
    somewhere = {name for name, person in people.items() if access.may_write_somewhere(person)}
    assert may_write == {"owner", "operator"}
    assert somewhere == {"owner", "operator", "neighbour"}


def test_a_row_that_is_not_there_and_one_of_another_team_look_alike(alice, charlie, workspace):
    run = factories.run(workspace)
    assert decision(access.writable, Run, charlie, pk=run.pk) == decision(access.writable, Run, charlie, pk=0)


def test_a_token_may_the_lesser_of_its_scope_and_the_role(people, workspace):
    run = factories.run(workspace)
    questions = (access.readable, access.predictable, access.writable, access.manageable)
    found = {}
    for name in ("owner", "operator", "viewer", "neighbour"):
        for scope in ApiToken.Scope.values:
            token, _ = tokens.create(people[name], name=scope, scope=scope)
            found[name, scope] = [decision(question, Run, token, pk=run.pk) for question in questions]
    yes, no = "yes", "read only"
    assert found == {
        ("owner", "read"): [yes, no, no, no],
        ("owner", "predict"): [yes, yes, no, no],
        ("owner", "write"): [yes, yes, yes, no],
        ("owner", "manage"): [yes, yes, yes, yes],
        ("operator", "read"): [yes, no, no, no],
        ("operator", "predict"): [yes, yes, no, no],
        ("operator", "write"): [yes, yes, yes, no],
        ("operator", "manage"): [yes, yes, yes, no],
        ("viewer", "read"): [yes, no, no, no],
        ("viewer", "predict"): [yes, yes, no, no],
        ("viewer", "write"): [yes, yes, no, no],
        ("viewer", "manage"): [yes, yes, no, no],
    } | {("neighbour", scope): ["not there"] * 4 for scope in ApiToken.Scope.values}


def test_a_token_of_one_team_sees_no_other(alice, team, workspace):
    other = Team.objects.create(name="Other")
    other.memberships.create(user=alice, role="owner")
    token, _ = tokens.create(alice, name="one", scope="manage", team=other)
    run = factories.run(workspace)
    assert decision(access.readable, Run, alice, pk=run.pk) == "yes"
    assert decision(access.readable, Run, token, pk=run.pk) == "not there"
    assert list(access.teams(token, access.Right.MANAGE)) == [other]


def test_only_a_site_admins_token_for_everything_makes_teams(people, team):
    admin, owner = people["site admin"], people["owner"]
    made = [
        tokens.create(admin, name="a", scope="manage")[0],
        tokens.create(admin, name="b", scope="write")[0],
        tokens.create(admin, name="c", scope="manage", team=team)[0],
        tokens.create(owner, name="d", scope="manage")[0],
        admin,
        owner,
        people["nobody"],
    ]
    assert [access.administers(caller) for caller in made] == [True, False, False, False, True, False, False]
