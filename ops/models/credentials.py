"""A team's way to sign in to Azure: lent to its operators, never shown."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.ids import new_public_id


class Credential(models.Model):
    """``secret_encrypted`` holds a client secret or a PEM certificate under ``ops.vault``; "" where there is none."""

    class Kind(models.TextChoices):
        LOCAL = "local", _("Local Azure ML")
        SERVICE_PRINCIPAL = "service_principal", _("Service principal, secret")
        CERTIFICATE = "certificate", _("Service principal, certificate")
        MANAGED_IDENTITY = "managed_identity", _("Managed identity")

    team_path = "team"

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="credentials")
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    tenant_id = models.CharField(_("tenant id"), max_length=64, blank=True)
    client_id = models.CharField(_("client id"), max_length=64, blank=True)
    secret_encrypted = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="one_credential_name_per_team")]

    @property
    def is_of_host(self) -> bool:
        """Whether it signs in as the machine that the portal runs on, which belongs to no team."""
        return self.kind == self.Kind.MANAGED_IDENTITY

    def __str__(self) -> str:
        return self.name
