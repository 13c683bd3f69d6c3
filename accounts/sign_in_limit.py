"""How many wrong passwords are taken: django-axes pauses a name from an address for a while; an owner ends the pause.

Name and address together, so that nobody can lock a colleague out from elsewhere.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from axes.models import AccessAttempt
from axes.utils import reset
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts import names
from accounts.models import Membership, User


def counted_name(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """Return the name under which failures are counted: the one that was sent, in one spelling."""
    given = (credentials or {}).get("username") or request.POST.get("username", "")
    return names.normalize(str(given)).casefold()[:150]


def client_address(request: HttpRequest) -> str:
    """Return the address of the browser; behind proxies of ours the one that the outermost of them has seen.

    What stands further left in X-Forwarded-For was written by the visitor and is worth nothing.
    """
    header: str = request.META.get("HTTP_X_FORWARDED_FOR", "")
    seen = [part.strip() for part in header.split(",") if part.strip()]
    if settings.PROXIES and len(seen) >= settings.PROXIES:
        return seen[-settings.PROXIES]
    return str(request.META.get("REMOTE_ADDR", ""))


def list_paused(members: Iterable[Membership]) -> set[int]:
    """Return the ids of the memberships whose people cannot sign in from some address now: one query."""
    by_name = {member.user.username.casefold(): member.pk for member in members}
    attempts = AccessAttempt.objects.filter(
        username__in=by_name,
        failures_since_start__gte=settings.AXES_FAILURE_LIMIT,
        attempt_time__gte=timezone.now() - settings.AXES_COOLOFF_TIME,
    )
    return {by_name[name] for name in attempts.values_list("username", flat=True)}


def end_pause(user: User) -> None:
    """Let the person try again at once."""
    reset(username=user.username.casefold())
