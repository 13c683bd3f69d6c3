"""Registering a workspace: its three names (typed or pasted as config.json), its team, cloud and credential."""

import json
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import access
from accounts.models import Team
from ops.models import Credential, Workspace
from ops.services import credentials
from portal.forms.names import NameField
from portal.forms.refusals import RefusableForm
from portal.queries import workspaces as queries

# The workspace that the local Azure ML has from its first start.
LOCAL_NAMES = {
    "subscription_id": "00000000-0000-0000-0000-000000000001",
    "resource_group": "amlocal",
    "name": "local",
}
CONFIG_SHAPE = '{\n  "subscription_id": "…",\n  "resource_group": "…",\n  "workspace_name": "…"\n}'
NAMES = {"subscription_id": "subscription_id", "resource_group": "resource_group", "workspace_name": "name"}
NEW_KINDS = (
    Credential.Kind.SERVICE_PRINCIPAL,
    Credential.Kind.CERTIFICATE,
    Credential.Kind.MANAGED_IDENTITY,
)


class WriteOnlyTextarea(forms.Textarea):
    """Takes a secret and never shows it again, not even after an error elsewhere in the form."""

    def format_value(self, value: Any) -> str:
        return ""


class RegisterForm(RefusableForm):
    team = forms.ModelChoiceField(Team.objects.none(), to_field_name="public_id", label=gettext_lazy("Team"))
    cloud = forms.ChoiceField(label=gettext_lazy("Cloud"))
    config = forms.CharField(
        label=gettext_lazy("Paste config.json"),
        help_text=gettext_lazy("Azure ML studio → your workspace's name at the top right → Download config file."),
        widget=forms.Textarea(attrs={"class": "mono", "rows": 5, "spellcheck": "false", "placeholder": CONFIG_SHAPE}),
        required=False,
    )
    subscription_id = forms.CharField(
        label=gettext_lazy("Subscription id"),
        widget=forms.TextInput(attrs={"class": "mono", "placeholder": "11111111-2222-3333-4444-555555555555"}),
        required=False,
        max_length=64,
    )
    resource_group = forms.CharField(label=gettext_lazy("Resource group"), required=False, max_length=90)
    name = forms.CharField(label=gettext_lazy("Workspace name"), required=False, max_length=33)
    credential = forms.ModelChoiceField(
        Credential.objects.none(),
        to_field_name="public_id",
        label=gettext_lazy("Credential"),
        empty_label=gettext_lazy("Add a new one below"),
        required=False,
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=[(kind.value, kind.label) for kind in NEW_KINDS], required=False
    )
    credential_name = NameField(
        label=gettext_lazy("Name of the credential"),
        help_text=gettext_lazy("How your team will recognise it."),
        max_length=80,
        required=False,
    )
    tenant_id = forms.CharField(
        label=gettext_lazy("Tenant id"),
        widget=forms.TextInput(attrs={"class": "mono"}),
        max_length=64,
        required=False,
    )
    client_id = forms.CharField(
        label=gettext_lazy("Client id"),
        help_text=gettext_lazy("Of a managed identity: only when it is a user-assigned one."),
        widget=forms.TextInput(attrs={"class": "mono"}),
        max_length=64,
        required=False,
    )
    secret = forms.CharField(
        label=gettext_lazy("Client secret or certificate"),
        help_text=gettext_lazy(
            "A secret's value, or a PEM file's text with its private key. It is encrypted with the portal's own key, "
            "handed to the workers only, and never shown again, to nobody."
        ),
        widget=WriteOnlyTextarea(attrs={"class": "mono", "rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        required=False,
    )

    replaces = forms.ModelChoiceField(
        Workspace.objects.none(), to_field_name="public_id", required=False, widget=forms.HiddenInput
    )

    def __init__(self, caller: access.Caller, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = access.teams(caller, access.Right.WRITE).order_by("name")
        clouds = [(cloud.value, cloud.label) for cloud in Workspace.Cloud if cloud.value in settings.CLOUDS]
        self._choices("team", forms.ModelChoiceField).queryset = teams
        self._choices("cloud", forms.ChoiceField).choices = clouds
        self._choices("credential", forms.ModelChoiceField).queryset = Credential.objects.filter(
            team__in=teams, kind__in=NEW_KINDS
        ).order_by("name")
        self._choices("replaces", forms.ModelChoiceField).queryset = Workspace.objects.filter(
            team__in=teams, unregistered_at=None, reached_at=None, state=Workspace.State.FAILED
        )
        if len(teams) == 1:
            self._choices("team", forms.ModelChoiceField).empty_label = None
        # Somebody who fills in this form instead of the one click above it most likely means Azure.
        self.initial.setdefault("cloud", clouds[-1][0] if clouds else "")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self._read_config(cleaned)
        for name in NAMES.values():
            cleaned[name] = (cleaned.get(name) or "").strip()
            if not cleaned[name] and name not in self.errors and "config" not in self.errors:
                self.add_error(name, _("Fill this in, or paste config.json above."))
        credential, team = cleaned.get("credential"), cleaned.get("team")
        if credential and team and credential.team_id != team.pk:
            self.add_error("credential", _("This credential belongs to another of your teams."))
        if not self.is_local and not credential and not (cleaned.get("credential_name") or "").strip():
            self.add_error("credential_name", _("Choose a credential, or name the new one."))
        return cleaned

    @property
    def has_azure(self) -> bool:
        """Whether this portal has workers for any cloud but the local one."""
        return any(cloud != Workspace.Cloud.LOCAL for cloud, _label in self.clouds)

    @property
    def clouds(self) -> list[tuple[str, Any]]:
        """The clouds that this portal has workers for, with their labels."""
        return list(self._choices("cloud", forms.ChoiceField).choices)

    @property
    def credential_choices(self) -> QuerySet[Credential]:
        """The credentials that may be chosen."""
        found: QuerySet[Credential] = self._choices("credential", forms.ModelChoiceField).queryset
        return found

    @property
    def local_names(self) -> dict[str, str] | None:
        """The names of the local workspace while that cloud is on and nobody has registered it."""
        if Workspace.Cloud.LOCAL not in dict(self.clouds):
            return None
        return None if queries.is_registered(Workspace.Cloud.LOCAL, **LOCAL_NAMES) else LOCAL_NAMES

    @property
    def is_local(self) -> bool:
        return bool(self.cleaned_data.get("cloud") == Workspace.Cloud.LOCAL)

    @property
    def identity(self) -> dict[str, Any]:
        """What names the workspace, for the service."""
        return {name: self.cleaned_data[name] for name in ("team", "cloud", *NAMES.values(), "replaces")}

    def credential_to_use(self) -> Credential:
        """Return the credential that was chosen, made now when it is new. Raises InvalidParameter."""
        if self.is_local:
            return credentials.for_local(self.cleaned_data["team"])
        chosen: Credential | None = self.cleaned_data["credential"]
        return chosen or credentials.create(**self._new_credential)

    @property
    def _new_credential(self) -> dict[str, Any]:
        given = self.cleaned_data
        parts = {name: given[name] for name in ("team", "kind", "tenant_id", "client_id", "secret")}
        return parts | {"name": given["credential_name"].strip()}

    def _read_config(self, cleaned: dict[str, Any]) -> None:
        if not (text := (cleaned.get("config") or "").strip()):
            return
        try:
            found = _names_in(text)
        except ValidationError as error:
            self.add_error("config", error)
            return
        cleaned.update({name: value for name, value in found.items() if not cleaned.get(name)})

    def _choices(self, name: str, kind: type) -> Any:
        field = self.fields[name]
        assert isinstance(field, kind)
        return field


def _names_in(text: str) -> dict[str, str]:
    """The three names in a config.json. Raises ValidationError."""
    try:
        config = json.loads(text)
    except ValueError:
        raise ValidationError(_("This is no JSON. Paste the whole file, from { to }.")) from None
    missing = [key for key in NAMES if not isinstance(config, dict) or not isinstance(config.get(key), str)]
    if missing:
        raise ValidationError(_("The file lacks: %(keys)s.") % {"keys": ", ".join(missing)})
    return {name: config[key] for key, name in NAMES.items()}
