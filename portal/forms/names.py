"""A form field for names: one spelling, and nothing that cannot be seen."""

from typing import Any

from django import forms

from accounts import names


class NameField(forms.CharField):
    """A name that a person gives: normalized (NFKC), without spaces around it, refused with hidden characters in it."""

    default_validators = [names.validate_visible]

    def to_python(self, value: Any) -> str:
        return names.normalize(super().to_python(value) or "")
