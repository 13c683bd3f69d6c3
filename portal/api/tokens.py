"""API tokens of one's own, and who one is."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from ninja import Router, Status

from accounts import access, tokens
from accounts.models import ApiToken, User
from portal.api import idempotency
from portal.api.authentication import caller, person
from portal.api.errors import ApiProblem, wrong_values
from portal.api.schemas.tokens import Me, NewToken, TokenIn, TokenOut, me, token_facts, token_out
from portal.forms.tokens import TokenForm
from portal.queries import tokens as queries

router = Router(tags=["tokens"])


@router.get("/me", response=Me, operation_id="me", url_name="me")
def who(request: HttpRequest) -> Me:
    """Read who the portal takes you for, and what your token may do."""
    return me(person(request), caller(request))


@router.get("/tokens", response=list[TokenOut], operation_id="tokens_index", url_name="tokens_index")
def index(request: HttpRequest) -> list[TokenOut]:
    """List your tokens, the newest first, without those that ended more than 30 days ago."""
    _demand_manage(request)
    return [token_out(token) for token in queries.list_tokens_of(person(request))]


@router.post(
    "/tokens",
    response={201: NewToken},
    operation_id="tokens_create",
    url_name="tokens_create",
    openapi_extra=idempotency.OPENAPI,
)
@idempotency.once
def create(request: HttpRequest, given: TokenIn) -> Status[NewToken]:
    """Make a token; with a session only. Its secret is given only now."""
    owner = caller(request)
    if not isinstance(owner, User):
        raise ApiProblem(403, "token:needs_session")
    form = TokenForm(owner, given.model_dump())
    if not form.is_valid():
        raise wrong_values(form)
    token, secret = tokens.create(owner, **form.asked)
    return Status(201, NewToken(**token_facts(token), secret=secret))


@router.delete("/tokens/{slug:token_id}", response={204: None}, operation_id="tokens_revoke", url_name="tokens_revoke")
def revoke(request: HttpRequest, token_id: str) -> Status[None]:
    """Revoke one of your tokens; a token may always revoke itself."""
    token = queries.list_tokens_of(person(request)).filter(public_id=token_id).first()
    if token is None:
        raise Http404
    if token != caller(request):
        _demand_manage(request)
    tokens.revoke(token)
    return Status(204, None)


def _demand_manage(request: HttpRequest) -> None:
    """Let a session pass, and a token for everything in every team. Raises PermissionDenied."""
    key = caller(request)
    if not access.has_scope(key, access.Right.MANAGE) or (isinstance(key, ApiToken) and key.team_id is not None):
        raise PermissionDenied
