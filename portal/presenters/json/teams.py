"""The JSON forms of teams and their people."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from accounts.models import Membership


def teams(memberships: Iterable[Membership]) -> dict[str, Any]:
    """Return a person's teams with their role in each."""
    return {
        "rows": [
            {
                "id": one.team.public_id,
                "name": one.team.name,
                "role": one.role,
                "url": reverse("teams:members", args=[one.team.public_id]),
            }
            for one in memberships
        ]
    }


def members(memberships: Iterable[Membership]) -> dict[str, Any]:
    """Return the people of one team."""
    return {"rows": [{"id": one.pk, "username": one.user.username, "role": one.role} for one in memberships]}
