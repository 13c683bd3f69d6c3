"""Registering a model version from a run."""

from django import forms
from django.utils.translation import gettext_lazy

from portal.forms.refusals import RefusableForm


class RegisterForm(RefusableForm):
    name = forms.CharField(
        label=gettext_lazy("Model name"),
        help_text=gettext_lazy("A name that exists already gets a new version; a new name starts with version 1."),
        max_length=255,
    )
