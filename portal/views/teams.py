"""Teams and their people. Owners decide; members see who else is in."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import access
from accounts.models import Team
from ops.errors import Refused
from ops.services import people
from portal import idempotency, responses
from portal.forms.teams import MemberForm, RoleForm, TeamForm
from portal.presenters import teams as presenters
from portal.queries import teams as queries
from portal.signed_in import person


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    memberships = queries.list_memberships_of(request.user)
    context = {"memberships": memberships, "may_create": access.administers(request.user)}
    return responses.page(request, "teams/index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@idempotency.once
def create(request: HttpRequest) -> HttpResponse:
    if not access.administers(request.user):
        raise PermissionDenied
    form = TeamForm(request.POST or None)
    if request.method != "POST":
        return responses.page(request, "teams/create.html", {"form": form})
    if not form.is_valid():
        return responses.invalid(request, "teams/create.html", {"form": form})
    team = people.found(form.cleaned_data["name"], person(request))
    messages.success(request, _("The team %(team)s is ready.") % {"team": team})
    return responses.see(request, _url(team))


@require_safe
def members(request: HttpRequest, public_id: str) -> HttpResponse:
    team = access.readable(Team, request.user, public_id=public_id)
    return _members(request, team, MemberForm())


@responses.posted
def host_identity(request: HttpRequest, public_id: str) -> HttpResponse:
    """Whether the team may use the identity of the portal's own machine: a site admin of the team decides."""
    team = access.readable(Team, request.user, public_id=public_id)
    if not access.administers(request.user):
        raise PermissionDenied
    people.allow_host_identity(team, is_allowed="allow" in request.POST, by=person(request))
    return responses.see(request, _url(team))


@never_cache
@responses.posted
@idempotency.once
def add_member(request: HttpRequest, public_id: str) -> HttpResponse:
    """Answers with the page itself when there is a one-time password: it is shown once and kept nowhere."""
    team = access.manageable(Team, request.user, public_id=public_id)
    form = MemberForm(request.POST)
    if not form.is_valid():
        return responses.invalid(request, "teams/members.html", _context(request, team, form))
    try:
        membership, password = people.add(team, **form.cleaned_data, by=person(request))
    except Refused as refusal:
        return responses.refused(request, refusal, _url(team))
    if password:
        return _members(request, team, MemberForm(), newcomer=membership.user, one_time_password=password)
    messages.success(request, _("%(who)s is in the team now.") % {"who": membership.user})
    return responses.see(request, _url(team))


@responses.posted
def change_role(request: HttpRequest, public_id: str, member: int) -> HttpResponse:
    team = access.manageable(Team, request.user, public_id=public_id)
    membership = get_object_or_404(team.memberships, pk=member)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return responses.invalid(request, "teams/members.html", _context(request, team, MemberForm()))
    try:
        people.change_role(membership, form.cleaned_data["role"], by=person(request))
    except Refused as refusal:
        return responses.refused(request, refusal, _url(team))
    messages.success(request, _("%(who)s: %(role)s.") % {"who": membership.user, "role": membership.get_role_display()})
    return responses.see(request, _url(team))


@responses.posted
def end_pause(request: HttpRequest, public_id: str, member: int) -> HttpResponse:
    """After too many wrong passwords, let the member try again at once."""
    team = access.manageable(Team, request.user, public_id=public_id)
    membership = get_object_or_404(team.memberships, pk=member)
    people.end_pause(membership, by=person(request))
    messages.success(request, _("%(who)s may try to sign in again.") % {"who": membership.user})
    return responses.see(request, _url(team))


@responses.posted
def remove_member(request: HttpRequest, public_id: str, member: int) -> HttpResponse:
    """Owners remove anybody; everybody may leave."""
    team = access.readable(Team, request.user, public_id=public_id)
    membership = get_object_or_404(team.memberships, pk=member)
    is_leaving = membership.user_id == request.user.pk
    if not is_leaving:
        access.manageable(Team, request.user, public_id=public_id)
    try:
        people.remove(membership, by=person(request))
    except Refused as refusal:
        return responses.refused(request, refusal, _url(team))
    messages.success(request, _("%(who)s is no longer in %(team)s.") % {"who": membership.user, "team": team})
    return responses.see(request, reverse("teams:index") if is_leaving else _url(team))


def _members(request: HttpRequest, team: Team, form: MemberForm, **more: Any) -> HttpResponse:
    return responses.page(request, "teams/members.html", _context(request, team, form) | more)


def _context(request: HttpRequest, team: Team, form: MemberForm) -> dict[str, Any]:
    return responses.context(presenters.page(team, request.user), form=form)


def _url(team: Team) -> str:
    return reverse("teams:members", args=[team.public_id])
