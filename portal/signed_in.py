"""Who is signed in, for views that must name a person."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User


def person(request: HttpRequest) -> User:
    """Return the person who is signed in.

    Raises PermissionDenied for nobody; views that need a signed-in person never see that.
    """
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
