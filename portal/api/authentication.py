"""Who calls the API: a token in ``Authorization: Bearer``, or a signed-in person's session with CSRF protection."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja.errors import AuthenticationError
from ninja.security import APIKeyCookie, HttpBearer

from accounts import tokens
from accounts.access import Caller
from accounts.models import ApiToken, User
from portal.api.errors import ApiProblem


class Token(HttpBearer):
    """A person's API token. A wrong one is refused even beside a good session: the script should know."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken:
        found = tokens.find(token)
        if found is None:
            raise AuthenticationError
        return found


class Session(APIKeyCookie):
    """The session cookie of the browser; requests that change something need the CSRF token in ``X-CSRFToken``."""

    param_name: str = settings.SESSION_COOKIE_NAME

    def authenticate(self, request: HttpRequest, key: str | None) -> User | None:
        if not isinstance(request.user, User):
            return None
        if request.user.must_change_password:
            raise ApiProblem(403, "accounts:must_change_password")
        return request.user


METHODS = [Token(), Session()]


def caller(request: HttpRequest) -> Caller:
    """Return whose rights count: the person or the token."""
    found: Caller = _auth(request)
    return found


def person(request: HttpRequest) -> User:
    """Return the person who is answerable for the request."""
    found = _auth(request)
    return found.user if isinstance(found, ApiToken) else found


def _auth(request: HttpRequest) -> Any:
    return request.auth  # type: ignore[attr-defined]
