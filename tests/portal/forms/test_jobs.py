"""Every kind of recipe parameter becomes a field that gives the service the right type."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.datastructures import MultiValueDict

from ops.recipes import Input, Parameter, Recipe
from portal.forms.jobs import QueueForm

RECIPE = Recipe(
    name="all-kinds",
    folder=Path("all-kinds"),
    title="All kinds",
    description="",
    experiment="e",
    command="",
    image="",
    conda_file=Path("conda.yml"),
    parameters=(
        Parameter("epochs", "integer", "Epochs", default=1, minimum=1, maximum=9),
        Parameter("rate", "number", "Rate", default=0.1, minimum=0, maximum=1),
        Parameter("note", "string", "Note", is_optional=True),
        Parameter("kind", "choice", "Kind", default="a", choices=("a", "b")),
        Parameter("flips", "boolean", "Flips", default=True),
        # A parameter may have the name of one of the form's own fields.
        Parameter("compute", "string", "Compute of another sort", default="x"),
    ),
    inputs=(Input("data", "uri_folder", "Data"),),
)
GIVEN = {
    "display_name": "",
    "parameter_epochs": "3",
    "parameter_rate": "0.5",
    "parameter_note": "",
    "parameter_kind": "b",
    "parameter_compute": "y",
}


@pytest.fixture
def form(workspace, alice):
    def make(change=None, files=1):
        given = GIVEN | {"compute": f"{workspace.public_id}/cpu-cluster"} | (change or {})
        uploads = [SimpleUploadedFile(f"{n}.bin", b"x") for n in range(files)]
        return QueueForm(RECIPE, alice, given, MultiValueDict({"input_data": uploads}))

    return make


def test_the_answers_have_the_parameters_types(form, workspace):
    filled = form(files=2)
    assert filled.is_valid(), filled.errors
    asked = filled.asked
    assert asked["workspace"] == workspace
    assert asked["compute"] == "cpu-cluster"
    assert [file.name for file in asked["files"]["data"]] == ["0.bin", "1.bin"]
    assert RECIPE.clean(asked["parameters"]) == {
        "epochs": 3,
        "rate": 0.5,
        "note": None,
        "kind": "b",
        "flips": False,
        "compute": "y",
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"parameter_epochs": "10"}, "parameter_epochs"),
        ({"parameter_rate": "inf"}, "parameter_rate"),
        ({"parameter_kind": "c"}, "parameter_kind"),
        ({"parameter_compute": ""}, "parameter_compute"),
    ],
)
def test_each_kind_is_checked_before_the_service_is_asked(form, change, field):
    assert list(form(change).errors) == [field]


def test_a_needed_input_without_files_is_told_beside_its_field(form):
    assert list(form(files=0).errors) == ["input_data"]


def test_a_compute_that_is_gone_is_not_offered(form, workspace):
    from django.utils import timezone

    workspace.computes.update(gone_at=timezone.now())
    assert list(form().errors) == ["compute"]
