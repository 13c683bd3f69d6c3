"""The pages for 403, 404 and 500; below /api/ the API's own form of them.

The last one works without the database and without a signed-in person.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from portal.api import errors as api_errors
from portal.api.errors import API


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    sentence = _("You may read this, but not change it. An owner of the team can give you the operator role.")
    return _answer(request, 403, _("Read only"), sentence)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    sentence = _("There is no such page, or it belongs to a team that you are not in.")
    return _answer(request, 404, _("Nothing here"), sentence)


def broken(request: HttpRequest) -> HttpResponse:
    """No request goes into the template: context processors would ask the database, which may be what is broken."""
    facts = {"status": 500, "title": _("Something broke on our side")}
    facts["sentence"] = _("The error is in the portal's log. Nothing you queued is lost: workers go on by themselves.")
    if request.path.startswith(API):
        return api_errors.plain(500)
    return HttpResponse(render_to_string("errors/plain.html", facts), status=500)


def _answer(request: HttpRequest, status: int, title: str, sentence: str) -> HttpResponse:
    facts = {"status": status, "title": title, "sentence": sentence}
    if request.path.startswith(API):
        return api_errors.plain(status)
    user = getattr(request, "user", None)
    template = "errors/framed.html" if user and user.is_authenticated else "errors/plain.html"
    return render(request, template, facts, status=status)
