"""Queueing a job: a recipe's typed parameters and input files as form fields, and the compute to run on."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import access
from ops.models import Compute, Run, Workspace
from ops.recipes import Input, Parameter, Recipe
from portal.forms.names import NameField
from portal.forms.refusals import RefusableForm
from portal.queries import workspaces

PARAMETER = "parameter_{}"
INPUT = "input_{}"


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files; cleans to a list."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        given = [file for file in data if file] if isinstance(data, (list, tuple)) else [data] if data else []
        if not given:
            if self.required:
                raise ValidationError(_("Choose at least one file."))
            return []
        return [super(FilesField, self).clean(file, initial) for file in given]


class QueueForm(RefusableForm):
    """Fields: ``compute`` (workspace id/compute name), ``display_name``, ``parameter_NAME`` and ``input_NAME``."""

    compute = forms.ChoiceField(
        label=gettext_lazy("Compute"), error_messages={"required": gettext_lazy("Choose where the job runs.")}
    )
    display_name = NameField(
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("What you will look for in the list. Without one, the job's id is shown."),
        max_length=255,
        required=False,
    )

    def __init__(self, recipe: Recipe, caller: access.Caller, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.recipe = recipe
        self.workspaces = {workspace.public_id: workspace for workspace in usable_workspaces(caller)}
        compute = self.fields["compute"]
        assert isinstance(compute, forms.ChoiceField)
        compute.choices = compute_choices(self.workspaces.values())
        self.aliases = {}
        for parameter in recipe.parameters:
            self._add(parameter.name, PARAMETER, _parameter_field(parameter))
        for wanted in recipe.inputs:
            self._add(wanted.name, INPUT, _input_field(wanted))

    @property
    def has_compute(self) -> bool:
        return any(
            not compute.gone_at for workspace in self.workspaces.values() for compute in workspace.computes.all()
        )

    @property
    def parameter_fields(self) -> list[forms.BoundField]:
        return [self[PARAMETER.format(parameter.name)] for parameter in self.recipe.parameters]

    @property
    def input_fields(self) -> list[forms.BoundField]:
        return [self[INPUT.format(wanted.name)] for wanted in self.recipe.inputs]

    @property
    def asked(self) -> dict[str, Any]:
        """The cleaned answers, as the service takes them."""
        given = self.cleaned_data
        workspace, _slash, compute = given["compute"].partition("/")
        files: dict[str, list[UploadedFile[Any]]] = {w.name: given[INPUT.format(w.name)] for w in self.recipe.inputs}
        return {
            "workspace": self.workspaces[workspace],
            "recipe": self.recipe.name,
            "parameters": {p.name: given[PARAMETER.format(p.name)] for p in self.recipe.parameters},
            "compute": compute,
            "display_name": given["display_name"],
            "files": files,
        }

    def _add(self, name: str, pattern: str, field: forms.Field) -> None:
        self.fields[pattern.format(name)] = field
        self.aliases[name] = pattern.format(name)


def usable_workspaces(caller: access.Caller) -> QuerySet[Workspace]:
    """Return where the caller may run a job, with the computes."""
    return access.visible(workspaces.list_ready(), caller, access.Right.WRITE)


def answers_of(run: Run) -> dict[str, Any]:
    """A run's answers as the form's initial values."""
    parameters = {PARAMETER.format(name): value for name, value in run.parameters.items()}
    return parameters | {"compute": f"{run.workspace.public_id}/{run.compute}", "display_name": run.display_name}


def compute_choices(given: Iterable[Workspace]) -> list[Any]:
    """One group of computes per workspace; ``computes`` must be prefetched."""
    groups = [
        (workspace.name, [(f"{workspace.public_id}/{compute.name}", _label(compute)) for compute in computes])
        for workspace in given
        if (computes := [compute for compute in workspace.computes.all() if not compute.gone_at])
    ]
    if sum(len(computes) for _name, computes in groups) == 1:
        return groups
    return [("", _("Choose a compute…")), *groups]


def _label(compute: Compute) -> str:
    return " · ".join(part for part in (compute.name, compute.size, compute.state) if part)


def _parameter_field(parameter: Parameter) -> forms.Field:
    common: dict[str, Any] = {
        "label": parameter.label,
        "help_text": parameter.help,
        "initial": parameter.default,
        "required": not parameter.is_optional and parameter.kind != "boolean",
    }
    match parameter.kind:
        case "integer":
            least, most = _whole(parameter.minimum), _whole(parameter.maximum)
            return forms.IntegerField(min_value=least, max_value=most, **common)
        case "number":
            widget = forms.NumberInput(attrs={"step": "any"})
            return forms.FloatField(min_value=parameter.minimum, max_value=parameter.maximum, widget=widget, **common)
        case "choice":
            return forms.ChoiceField(choices=[(choice, choice) for choice in parameter.choices], **common)
        case "boolean":
            return forms.BooleanField(**common)
    return forms.CharField(max_length=2000, **common)


def _input_field(wanted: Input) -> FilesField:
    return FilesField(
        label=wanted.label,
        help_text=wanted.help,
        required=not wanted.is_optional,
        # After an error htmx puts the form in again, but keeps this very element with the files chosen in it.
        widget=FilesInput(attrs={"multiple": True, "hx-preserve": "true"}),
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
