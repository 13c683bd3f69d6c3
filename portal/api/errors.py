"""Every way in which the API says no, in one shape (``schemas.common.Problem``)."""

from collections.abc import Iterable
from typing import Any

import pydantic
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from ops import messages
from ops.errors import InvalidParameter, OpsError, Refused
from portal.api.schemas.common import Problem, problem_of
from scoring.errors import InputRefused, ScoringError

# What every route may answer besides its own; 404 and 409 are the routes' own business and said there.
PROBLEMS = frozenset({400, 401, 403, 404, 409, 413, 422, 424, 429})


class ApiProblem(Exception):
    """A request that is refused with a status, a code of the message catalogue, and sentences about its values."""

    def __init__(self, status: int, code: str, fields: dict[str, list[str]] | None = None, **params: Any) -> None:
        super().__init__(status, code)
        self.status, self.code, self.fields, self.params = status, code, fields or {}, params


def wrong_values(form: BaseForm, names: dict[str, str] | None = None) -> ApiProblem:
    """Return the problem of a form that is not valid; ``names`` maps its fields to the request's."""
    fields = {
        (names or {}).get(field, field if field != "__all__" else ""): [str(error) for error in errors]
        for field, errors in form.errors.items()
    }
    return ApiProblem(422, "api:wrong_values", fields)


def wrong_types(error: pydantic.ValidationError) -> ApiProblem:
    """Return the problem of a body whose values have the wrong types."""
    return ApiProblem(422, "api:wrong_values", _fields([{**one, "loc": ("", *one["loc"])} for one in error.errors()]))


def answer(problem: Problem, status: int) -> HttpResponse:
    """Return the problem as the API gives it."""
    response = JsonResponse(problem.model_dump(), status=status)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Portolan"'
    return response


def plain(status: int) -> HttpResponse:
    """Return the problem of a status for which there is nothing more to say."""
    return answer(problem_of(messages.of(f"http:{status}", {})), status)


def install(api: NinjaAPI) -> None:
    """Make the API answer each kind of exception in the one shape."""

    @api.exception_handler(ApiProblem)
    def refused_here(request: HttpRequest, error: ApiProblem) -> HttpResponse:
        return answer(problem_of(messages.of(error.code, error.params), error.fields), error.status)

    @api.exception_handler(ValidationError)
    def not_the_schema(request: HttpRequest, error: ValidationError) -> HttpResponse:
        return answer(problem_of(messages.of("api:wrong_values", {}), _fields(error.errors)), 422)

    @api.exception_handler(InvalidParameter)
    def wrong_value(request: HttpRequest, error: InvalidParameter) -> HttpResponse:
        explanation = messages.explain(error)
        return answer(problem_of(explanation, {error.field: [str(explanation)]}), 422)

    @api.exception_handler(Refused)
    def refused(request: HttpRequest, error: Refused) -> HttpResponse:
        return answer(problem_of(messages.explain(error)), 409)

    @api.exception_handler(InputRefused)
    def wrong_input(request: HttpRequest, error: InputRefused) -> HttpResponse:
        return answer(problem_of(messages.explain(error)), 422)

    @api.exception_handler(ScoringError)
    @api.exception_handler(OpsError)
    def elsewhere(request: HttpRequest, error: Exception) -> HttpResponse:
        return answer(problem_of(messages.explain(error)), 424)

    @api.exception_handler(AuthenticationError)
    def nobody(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
        return plain(401)

    @api.exception_handler(PermissionDenied)
    def may_not(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
        return plain(403)

    @api.exception_handler(Http404)
    def not_there(request: HttpRequest, error: Http404) -> HttpResponse:
        return plain(404)

    @api.exception_handler(RequestDataTooBig)
    def too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
        return plain(413)

    @api.exception_handler(SuspiciousOperation)
    @api.exception_handler(MultiPartParserError)
    def unreadable(request: HttpRequest, error: Exception) -> HttpResponse:
        return plain(400)

    @api.exception_handler(HttpError)
    def by_status(request: HttpRequest, error: HttpError) -> HttpResponse:
        return plain(error.status_code)


def _fields(errors: Iterable[dict[str, Any]]) -> dict[str, list[str]]:
    """Return pydantic's errors by the place of the value: ``parameters.epochs``."""
    found: dict[str, list[str]] = {}
    for error in errors:
        place = ".".join(str(part) for part in error["loc"][1:] if part not in ("given", "filters"))
        found.setdefault(place, []).append(str(error["msg"]))
    return found
