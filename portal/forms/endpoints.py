"""Deploying a version, splitting traffic, confirming a deletion."""

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import access
from ops.models import Deployment, Endpoint, ModelVersion
from ops.services import deployments
from portal.forms.refusals import RefusableForm
from portal.queries import endpoints as queries
from portal.queries import models

SHARE = "share_{}"


class DeployForm(RefusableForm):
    """What the caller may deploy, and where to.

    ``endpoint`` is an existing one's id or empty; ``endpoint_name`` names a new one.
    """

    version = forms.ModelChoiceField(
        ModelVersion.objects.none(),
        to_field_name="public_id",
        label=gettext_lazy("Model version"),
        empty_label=gettext_lazy("Choose a version…"),
    )
    endpoint = forms.ModelChoiceField(
        Endpoint.objects.none(),
        to_field_name="public_id",
        label=gettext_lazy("Endpoint"),
        empty_label=gettext_lazy("A new endpoint"),
        required=False,
    )
    endpoint_name = forms.CharField(
        label=gettext_lazy("Name of the new endpoint"),
        help_text=gettext_lazy("Part of its address: a letter first, then letters, digits and single dashes."),
        max_length=32,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "digits-api"}),
    )
    deployment_name = forms.CharField(
        label=gettext_lazy("Deployment name"),
        help_text=gettext_lazy("Left empty, the next free colour is taken: blue, green, teal…"),
        max_length=32,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("next free colour")}),
    )
    instance_type = forms.CharField(
        label=gettext_lazy("Instance type"),
        help_text=gettext_lazy("An Azure machine size. Your subscription needs quota for it."),
        initial=deployments.INSTANCE_TYPES[2],
        max_length=60,
        widget=forms.TextInput(attrs={"class": "mono", "list": "instance-types", "autocomplete": "off"}),
    )
    instance_count = forms.IntegerField(
        label=gettext_lazy("Instances"), initial=1, min_value=1, max_value=deployments.MOST_INSTANCES
    )
    request_timeout_ms = forms.IntegerField(
        label=gettext_lazy("Time-out of a request, in milliseconds"),
        initial=5000,
        min_value=1,
        max_value=deployments.MOST_TIMEOUT_MS,
    )

    def __init__(self, caller: access.Caller, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        versions = access.visible(models.list_versions(), caller, access.Right.WRITE)
        endpoints = access.visible(queries.list_endpoints(), caller, access.Right.WRITE)
        version, endpoint = self.fields["version"], self.fields["endpoint"]
        assert isinstance(version, forms.ModelChoiceField)
        assert isinstance(endpoint, forms.ModelChoiceField)
        version.queryset = versions.filter(state=ModelVersion.State.READY, gone_at=None)
        endpoint.queryset = endpoints.filter(is_ours=True)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        endpoint, version = cleaned.get("endpoint"), cleaned.get("version")
        name = cleaned["endpoint_name"] = endpoint.name if endpoint else (cleaned.get("endpoint_name") or "").strip()
        if not name and "endpoint" not in self.errors:
            self.add_error("endpoint_name", _("Choose an endpoint, or name a new one."))
        elif not endpoint and version and self._exists(name, version):
            self.add_error("endpoint_name", _("There is an endpoint of this name: choose it above to deploy into it."))
        if endpoint and version and endpoint.workspace_id != version.registered_model.workspace_id:
            self.add_error("endpoint", _("This endpoint is in another workspace than the version."))
        return cleaned

    def _exists(self, name: str, version: ModelVersion) -> bool:
        """Whether the name is that of an endpoint of the version's workspace, which may be answering people now."""
        return Endpoint.objects.filter(
            workspace=version.registered_model.workspace_id, name=name, gone_at=None, is_ours=True
        ).exists()

    @property
    def has_version(self) -> bool:
        """Whether there is anything to deploy."""
        versions = self.fields["version"]
        assert isinstance(versions, forms.ModelChoiceField)
        return versions.queryset is not None and versions.queryset.exists()

    @property
    def asked(self) -> dict[str, Any]:
        """The cleaned answers, as the service takes them."""
        return {name: value for name, value in self.cleaned_data.items() if name != "endpoint"}


class TrafficForm(RefusableForm):
    """One whole percentage per deployment, ``share_NAME``; they must sum to 100."""

    def __init__(self, living: Iterable[Deployment], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.living = {SHARE.format(deployment.name): deployment for deployment in living}
        self.aliases = {deployment.name: name for name, deployment in self.living.items()}
        for name, deployment in self.living.items():
            self.fields[name] = forms.IntegerField(
                label=deployment.name,
                min_value=0,
                max_value=100,
                initial=deployment.traffic,
                widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            )

    @property
    def total(self) -> int | str:
        """The sum of what the fields show; "–" while one of them is no number."""
        shown = [str(self[name].value()).strip() for name in self.living]
        return sum(map(int, shown)) if all(re.fullmatch(r"-?\d{1,6}", text) for text in shown) else "–"

    @property
    def split(self) -> dict[str, int]:
        return {deployment.name: self.cleaned_data[name] for name, deployment in self.living.items()}


class DeleteForm(RefusableForm):
    typed_name = forms.CharField(
        label=gettext_lazy("Name of the endpoint"),
        widget=forms.TextInput(
            attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
        ),
        max_length=64,
    )
