"""How forms are drawn: Django's own form rendering with the templates in templates/django/forms.

``{{ form.name.as_field_group }}`` draws one field with its label, control, help and errors, ``{{ form.name }}`` the
bare control, ``{{ form }}`` everything. What one field has of its own, such as a placeholder or the class of a
fixed-width font, stands in the ``attrs`` of its widget.
"""

from django.forms import BoundField, CheckboxInput, FileInput, Select
from django.forms.renderers import TemplatesSetting
from django.utils.safestring import SafeString


class StyledField(BoundField):
    """A bound field that knows the classes of the style sheet. Templates ask for ``control`` and ``is_optional``."""

    def control(self) -> SafeString:
        """Return the widget's HTML with its class, to which a wrong value adds ``is-invalid``."""
        own = self.field.widget.attrs.get("class", "")
        classes = " ".join(filter(None, (self._widget_class(), own, "is-invalid" if self.errors else "")))
        return self.as_widget(attrs={"class": classes} if classes else {})

    def is_optional(self) -> bool:
        """Whether the label says that nothing need be given; check boxes, groups of them and files do not say it."""
        says_nothing = self.use_fieldset or isinstance(self.field.widget, (CheckboxInput, FileInput))
        return not self.field.required and not says_nothing

    def _widget_class(self) -> str:
        if self.use_fieldset:
            return ""
        if isinstance(self.field.widget, CheckboxInput):
            return "form-check-input"
        return "form-select" if isinstance(self.field.widget, Select) else "form-control"


class FormRenderer(TemplatesSetting):
    """Takes templates from where pages take theirs, so that ours go before Django's and know our tags."""

    bound_field_class = StyledField
