"""The four rights over a row, and which roles and which scopes of a token have them."""

from enum import IntEnum

from accounts.models import ApiToken, Membership


class Right(IntEnum):
    """What somebody wants to do with a row; each right includes the ones before it."""

    READ = 1
    PREDICT = 2
    WRITE = 3
    MANAGE = 4


_EVERYBODY = tuple(Membership.Role.values)
ROLES: dict[Right, tuple[str, ...]] = {
    Right.READ: _EVERYBODY,
    Right.PREDICT: _EVERYBODY,
    Right.WRITE: (Membership.Role.OPERATOR, Membership.Role.OWNER),
    Right.MANAGE: (Membership.Role.OWNER,),
}
SCOPES: dict[str, Right] = {
    ApiToken.Scope.READ: Right.READ,
    ApiToken.Scope.PREDICT: Right.PREDICT,
    ApiToken.Scope.WRITE: Right.WRITE,
    ApiToken.Scope.MANAGE: Right.MANAGE,
}
