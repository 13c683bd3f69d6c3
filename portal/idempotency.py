"""A request that is sent twice is carried out once: what the API's keys and the pages' forms have in common.

Who sends it again within 24 hours is told what came of the first. What is refused is not kept.
"""

import functools
import hashlib
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.access import Caller
from accounts.models import IdempotentRequest, User
from portal import responses

View = Callable[..., HttpResponse]
# The hidden field of a form that makes something, written by the template tag ``once``.
FIELD = "once"
KEPT = timedelta(hours=24)
# A request that waits for an endpoint takes at most 30 s; one that is older was killed and may be carried out again.
GIVEN_UP_AFTER = timedelta(seconds=60)
_SHOWN_ONCE = gettext_lazy(
    "The form was sent twice and carried out once. What is shown only once went to the first sending: if you have not "
    "seen it, take back what was made and make it anew."
)


def claim(user: User, key: str, fingerprint: str) -> tuple[IdempotentRequest, bool]:
    """Return the row of the key, and whether this request made it. A second one waits for the first's transaction."""
    _forget_old(user)
    return IdempotentRequest.objects.get_or_create(user=user, key=key, defaults={"fingerprint": fingerprint})


def fingerprint_of(request: HttpRequest, sender: Caller) -> str:
    """Return a hash of who sends, of the address and of all that was sent; of files their content."""
    found = hashlib.sha256(f"{type(sender).__name__} {sender.pk} {request.method} {request.get_full_path()}\n".encode())
    if request.content_type not in ("multipart/form-data", "application/x-www-form-urlencoded"):
        found.update(request.body)
        return found.hexdigest()
    for name, values in sorted(request.POST.lists()):
        if name != "csrfmiddlewaretoken":
            found.update(repr((name, values)).encode())
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            found.update(repr((name, file.name, file.size)).encode())
            for chunk in file.chunks():
                found.update(chunk)
            file.seek(0)
    return found.hexdigest()


def once(view: View) -> View:
    """Carry out a form once: sent again with nothing changed, it leads to where the first sending led.

    A form that was changed in between, after going back, is another one.
    """

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST" or not request.POST.get(FIELD) or not isinstance(request.user, User):
            return view(request, *args, **kwargs)
        key = fingerprint_of(request, sender=request.user)
        with transaction.atomic():
            row, _is_first = claim(request.user, key, key)
            if row.answer is not None:
                if row.answer["was_shown_once"]:
                    messages.warning(request, _SHOWN_ONCE)
                return responses.see(request, row.answer["location"])
            response = view(request, *args, **kwargs)
            if location := _location(request, response):
                row.status = response.status_code
                row.answer = {"location": location, "was_shown_once": response.status_code == HTTPStatus.OK}
                row.save(update_fields=["status", "answer"])
            else:
                row.delete()
        return response

    return wrapped


def _location(request: HttpRequest, response: HttpResponse) -> str:
    """Return where the response leads, "" for a refusal; for what is shown once the page that it belongs to."""
    if response.status_code >= 400:
        return ""
    return response.headers.get("Location") or response.headers.get("HX-Redirect") or responses.page_of(request)


def _forget_old(user: User) -> None:
    rows, now = IdempotentRequest.objects.filter(user=user), timezone.now()
    rows.filter(created_at__lt=now - KEPT).delete()
    rows.filter(status=None, created_at__lt=now - GIVEN_UP_AFTER).delete()
