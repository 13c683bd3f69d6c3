"""Sign-in, password and first-owner forms. The forms of teams are in ``teams``."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, UsernameField
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal.forms.names import NameField


class SignInForm(AuthenticationForm):
    username = UsernameField(label=_("User name"), widget=forms.TextInput(attrs={"autofocus": True}))
    error_messages = {
        "invalid_login": _("That name and password do not belong together. Check capital letters and try again."),
        "inactive": _("This account is switched off. Ask an owner of your team."),
    }


class PasswordForm(PasswordChangeForm):
    """The old password, then the new one twice."""


class SetupForm(forms.Form):
    """The first owner's name, password and team."""

    username = NameField(label=_("Your user name"), max_length=150, validators=[User.username_validator])
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password_again = forms.CharField(
        label=_("Password again"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    team = NameField(
        label=_("Name of your team"), max_length=80, help_text=_("Workspaces, jobs and endpoints belong to a team.")
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        password = data.get("password")
        if password:
            try:
                validate_password(password, User(username=data.get("username", "")))
            except forms.ValidationError as error:
                self.add_error("password", error)
        if password and data.get("password_again") and password != data["password_again"]:
            self.add_error("password_again", _("The two passwords are not the same."))
        return data
