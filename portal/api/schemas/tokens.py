"""API tokens and the person behind a request."""

from datetime import datetime
from typing import Any, ClassVar, Literal

from ninja import Schema

from accounts.access import Caller
from accounts.models import ApiToken, User
from portal.api.schemas.common import EXAMPLE_TIME, Given, described


class TokenIn(Given):
    """A token to make."""

    name: str = described("What it is for.", "nightly training", max_length=80)
    scope: Literal["read", "predict", "write", "manage"] = described("The most that it may do.", "write")
    team: str = described("Id of the only team it is for; all of yours when left out.", "", "", max_length=16)
    expires_at: datetime | None = described("When it ends; never when left out.", EXAMPLE_TIME, None)


class TokenOut(Schema):
    """A token, without its secret."""

    id: str = described("Opaque id.", "x2c7b4nj8s")
    name: str = described("What it is for.", "nightly training")
    scope: str = described("read, predict, write or manage.", "write")
    team: str = described("Id of the only team it is for; empty for all.", "")
    hint: str = described("The beginning of its secret.", "ptl_a8Kd2x")
    created_at: datetime = described("When it was made.", EXAMPLE_TIME)
    expires_at: datetime | None = described("When it ends.", None)
    last_used_at: datetime | None = described("When it was last used, to the minute.", EXAMPLE_TIME)
    revoked_at: datetime | None = described("When it was revoked.", None)


class NewToken(TokenOut):
    """A token that was just made."""

    SHOWN_ONCE: ClassVar[tuple[str, ...]] = ("secret",)
    secret: str = described("For Authorization: Bearer. Given once, kept nowhere.", "ptl_a8Kd2x…")


class Me(Schema):
    """Who the portal takes you for."""

    username: str = described("User name.", "alice")
    name: str = described("Full name, or else the user name.", "Alice")
    is_admin: bool = described("Whether you make teams.", False)
    scope: str = described("Scope of the token; empty for a session.", "write")


def token_out(row: ApiToken) -> TokenOut:
    """Return a token as its person sees it."""
    return TokenOut(**token_facts(row))


def token_facts(row: ApiToken) -> dict[str, Any]:
    """Return what every schema of a token has."""
    return {
        "id": row.public_id,
        "name": row.name,
        "scope": row.scope,
        "team": row.team.public_id if row.team else "",
        "hint": row.hint,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "last_used_at": row.last_used_at,
        "revoked_at": row.revoked_at,
    }


def me(person: User, caller: Caller) -> Me:
    """Return the person, and what their token may do."""
    return Me(
        username=person.username,
        name=str(person),
        is_admin=person.is_staff,
        scope=caller.scope if isinstance(caller, ApiToken) else "",
    )
