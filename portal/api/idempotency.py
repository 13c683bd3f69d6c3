"""``Idempotency-Key``: a write that is sent again is carried out once, and its first answer is given again.

The draft of the header: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/. Keys are kept for
24 hours, per person. What is refused is not kept: the sender may mend the request and use the key again.
"""

import functools
from collections.abc import Callable, Collection
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from ninja import Status

from accounts.models import IdempotentRequest
from portal import idempotency
from portal.api.authentication import caller, person
from portal.api.errors import ApiProblem

View = Callable[..., Status[Any]]
HEADER = "Idempotency-Key"
LONGEST_KEY = 64
PARAMETER = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "description": "1 to 64 printable ASCII characters, new for each thing to be made, such as a UUID. "
    "The same request with the same key within 24 hours is carried out once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
    "example": "6f1c2a9e-5f0f-4f7e-9d55-0c3b0b8f6a41",
}
# For ``openapi_extra`` of each route that is decorated.
OPENAPI: dict[str, Any] = {"parameters": [PARAMETER]}


def once(view: View) -> View:
    """Carry out a request once per key, in one transaction with the note of its answer.

    A second request at the same moment waits for the first one's transaction and then gets its answer.
    """

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Status[Any]:
        key = _key(request)
        if key is None:
            return view(request, *args, **kwargs)
        with transaction.atomic():
            row, is_first = _claim(request, key)
            if not is_first:
                return _told_again(row)
            answer = view(request, *args, **kwargs)
            _keep(row, answer)
        return answer

    return wrapped


def once_over_the_network(view: View) -> View:
    """Carry out a request once per key that waits for another server, so that no transaction may be open meanwhile.

    A second request at the same moment is refused with 409 until the first is answered.
    """

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Status[Any]:
        key = _key(request)
        if key is None:
            return view(request, *args, **kwargs)
        row, is_first = _claim(request, key)
        if not is_first:
            return _told_again(row)
        try:
            answer = view(request, *args, **kwargs)
        except BaseException:
            row.delete()
            raise
        _keep(row, answer)
        return answer

    return wrapped


def _key(request: HttpRequest) -> str | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= LONGEST_KEY or not all("!" <= letter <= "~" for letter in key):
        raise ApiProblem(400, "api:bad_key")
    return key


def _claim(request: HttpRequest, key: str) -> tuple[IdempotentRequest, bool]:
    """Return the row of the key and whether this request made it. Raises ApiProblem when it was another request's.

    A token is told only what it did itself: another one of the same person may be for less, or for another team.
    """
    fingerprint = idempotency.fingerprint_of(request, sender=caller(request))
    row, is_first = idempotency.claim(person(request), key, fingerprint)
    if not is_first and row.fingerprint != fingerprint:
        raise ApiProblem(422, "api:key_reused")
    return row, is_first


def _told_again(row: IdempotentRequest) -> Status[Any]:
    if row.status is None:
        raise ApiProblem(409, "api:still_running")
    return Status(row.status, row.answer)


def _keep(row: IdempotentRequest, answer: Status[Any]) -> None:
    """Note the answer without what may be shown only once."""
    secrets: Collection[str] = getattr(answer.value, "SHOWN_ONCE", ())
    row.status, row.answer = answer.status_code, answer.value.model_dump(mode="json")
    row.answer.update(dict.fromkeys(secrets, ""))
    row.save(update_fields=["status", "answer"])
