"""Every way in which the API says no, in one shape (``schemas.common.Problem``)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
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

# Where the API begins; below it everything is answered in its shape, whatever answers.
API = "/api/"
Handler = Callable[[HttpRequest, Exception], HttpResponse]


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


@contextmanager
def placing(names: Mapping[str, str]) -> Iterator[None]:
    """Name the value that a service refuses as the request names it; ``names`` maps the service's names."""
    try:
        yield
    except InvalidParameter as error:
        error.field = names.get(error.field, error.field)
        raise


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
    """Make the API answer each kind of exception in the one shape; a class below another may have its own answer."""
    for kind, handler in _HANDLERS.items():
        api.add_exception_handler(kind, handler)


def _refused_here(request: HttpRequest, error: ApiProblem) -> HttpResponse:
    return answer(problem_of(messages.of(error.code, error.params), error.fields), error.status)


def _not_the_schema(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return answer(problem_of(messages.of("api:wrong_values", {}), _fields(error.errors)), 422)


def _wrong_value(request: HttpRequest, error: InvalidParameter) -> HttpResponse:
    explanation = messages.explain(error)
    return answer(problem_of(explanation, {error.field: [str(explanation)]}), 422)


def _explained(status: int) -> Handler:
    """Return the handler that answers with the texts of the error's code."""
    return lambda request, error: answer(problem_of(messages.explain(error)), status)


def _plain(status: int) -> Handler:
    return lambda request, error: plain(status)


def _by_status(request: HttpRequest, error: HttpError) -> HttpResponse:
    return plain(error.status_code)


_HANDLERS: dict[type[Exception], Any] = {
    ApiProblem: _refused_here,
    ValidationError: _not_the_schema,
    InvalidParameter: _wrong_value,
    Refused: _explained(409),
    InputRefused: _explained(422),
    # The endpoint's fault, or Azure's: the request was good.
    ScoringError: _explained(424),
    OpsError: _explained(424),
    AuthenticationError: _plain(401),
    PermissionDenied: _plain(403),
    Http404: _plain(404),
    RequestDataTooBig: _plain(413),
    SuspiciousOperation: _plain(400),
    MultiPartParserError: _plain(400),
    HttpError: _by_status,
}


def _fields(errors: Iterable[dict[str, Any]]) -> dict[str, list[str]]:
    """Return pydantic's errors by the place of the value: ``parameters.epochs``."""
    found: dict[str, list[str]] = {}
    for error in errors:
        place = ".".join(str(part) for part in error["loc"][1:] if part not in ("given", "filters"))
        found.setdefault(place, []).append(str(error["msg"]))
    return found
