"""Forms that can show what a service refuses, beside the field it is about."""

from django import forms

from ops.errors import InvalidParameter, Refused
from ops.messages import explain


class RefusableForm(forms.Form):
    """``aliases`` maps a service's name of a value to the form's field, where the two differ."""

    aliases: dict[str, str] = {}

    def refuse(self, error: Refused) -> bool:
        """Show the refusal; True when it belongs to one field, False when it stands above the form."""
        field = self.field_of(error)
        self.add_error(field, str(explain(error)))
        return field is not None

    def field_of(self, error: Refused) -> str | None:
        if not isinstance(error, InvalidParameter):
            return None
        name = self.aliases.get(error.field, error.field)
        return name if name in self.fields else None
