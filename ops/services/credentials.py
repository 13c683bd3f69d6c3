"""A team's ways to sign in to Azure: made here, encrypted, never read back."""

from django.db import IntegrityError, transaction

from accounts.models import Team
from ops import vault
from ops.errors import InvalidParameter
from ops.models import Credential, Workspace

LOCAL_NAME = "Local Azure ML"


def create(
    *, team: Team, name: str, kind: str, tenant_id: str = "", client_id: str = "", secret: str = ""
) -> Credential:
    """A credential of the team.

    Raises InvalidParameter for a missing part, a name already used, or the host's identity where it is not allowed.
    """
    needed = {
        Credential.Kind.SERVICE_PRINCIPAL: {"tenant_id": tenant_id, "client_id": client_id, "secret": secret},
        Credential.Kind.CERTIFICATE: {"tenant_id": tenant_id, "client_id": client_id, "secret": secret},
    }
    for field, value in needed.get(Credential.Kind(kind), {}).items():
        if not value.strip():
            raise InvalidParameter("credential:missing", field=field)
    if kind == Credential.Kind.MANAGED_IDENTITY and not team.may_use_host_identity:
        raise InvalidParameter("credential:host_identity_not_allowed", field="kind")
    try:
        with transaction.atomic():
            return Credential.objects.create(
                team=team,
                name=name,
                kind=kind,
                tenant_id=tenant_id.strip(),
                client_id=client_id.strip(),
                secret_encrypted=vault.encrypt(secret.strip()),
            )
    except IntegrityError:
        raise InvalidParameter("credential:name_taken", field="credential_name", name=name) from None


def for_local(team: Team) -> Credential:
    """The team's credential for the local Azure ML, made on first use; it holds no secret of its own."""
    credential, _made = Credential.objects.get_or_create(
        team=team, kind=Credential.Kind.LOCAL, defaults={"name": LOCAL_NAME}
    )
    return credential


def are_allowed_together(cloud: str, kind: str) -> bool:
    """The local cloud goes with the local credential, and only with it."""
    return (cloud == Workspace.Cloud.LOCAL) == (kind == Credential.Kind.LOCAL)
