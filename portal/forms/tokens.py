"""Making an API token."""

from datetime import MAXYEAR, datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.models import ApiToken, Team, User
from ops.messages import of
from portal.forms.names import NameField
from portal.queries import tokens as queries

MOST_TOKENS = 50


class TokenForm(forms.Form):
    """What the token is for, how much it may do, in which team, until when."""

    name = NameField(
        label=_("Name"), help_text=_("What it is for, so that you know later what to revoke."), max_length=80
    )
    scope = forms.ChoiceField(
        label=_("Scope"),
        help_text=_("The most it may do. Your role in each team may give less."),
        choices=ApiToken.Scope.choices,
        initial=ApiToken.Scope.READ,
    )
    team = forms.ModelChoiceField(
        Team.objects.none(),
        to_field_name="public_id",
        label=_("Team"),
        empty_label=_("All my teams"),
        required=False,
    )
    expires_at = forms.DateTimeField(
        label=_("Ends on"),
        help_text=_("Left empty, it is valid until you revoke it."),
        widget=forms.DateInput(attrs={"type": "date"}),
        required=False,
    )

    def __init__(self, owner: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner = owner
        team = self.fields["team"]
        assert isinstance(team, forms.ModelChoiceField)
        team.queryset = access.teams(owner).order_by("name")

    def clean_expires_at(self) -> datetime | None:
        end: datetime | None = self.cleaned_data["expires_at"]
        if end is not None and end.year == MAXYEAR:
            # Its hours may lie beyond the calendar of the database's time zone.
            raise forms.ValidationError(self.fields["expires_at"].error_messages["invalid"])
        if end is not None and end <= timezone.now():
            raise forms.ValidationError(of("token:expired_already", {}).sentence)
        return end

    def clean(self) -> dict[str, Any]:
        if queries.list_valid_tokens_of(self.owner).count() >= MOST_TOKENS:
            raise forms.ValidationError(str(of("token:too_many", {"limit": MOST_TOKENS})))
        return super().clean() or {}

    @property
    def asked(self) -> dict[str, Any]:
        """The cleaned answers, as ``accounts.tokens.create`` takes them."""
        return dict(self.cleaned_data)
