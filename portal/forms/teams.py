"""Forms of teams and their people."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Team, User
from portal.forms.names import NameField


class TeamForm(forms.ModelForm):  # type: ignore[type-arg]
    name = NameField(label=_("Name of the team"), max_length=80)

    class Meta:
        model = Team
        fields = ("name",)


class MemberForm(forms.Form):
    """A person by user name, who is made when nobody has it, and what they may do."""

    username = NameField(
        label=_("User name"),
        max_length=150,
        validators=[User.username_validator],
        help_text=_("Somebody new gets an account with a one-time password, shown to you once."),
    )
    role = forms.ChoiceField(label=_("Role"), choices=Membership.Role.choices, initial=Membership.Role.OPERATOR)


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Membership.Role.choices)
