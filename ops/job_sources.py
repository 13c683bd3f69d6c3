"""Turns what somebody chose into a job spec: today a recipe with answers and uploads."""

from collections.abc import Collection, Mapping
from typing import Any

from ops import commands, snapshots
from ops.job_specs import EnvironmentSpec, InputSpec, JobSpec, MakesSpec, Source
from ops.recipes import Recipe


def from_recipe(recipe: Recipe, answers: Mapping[str, Any], uploads: Collection[str], compute: str) -> JobSpec:
    """Return the spec of a recipe as it is now, with ``answers`` already cleaned; its code is kept as a snapshot.

    ``uploads`` names the inputs that files were given for. Inputs that the command does not name are left out: Azure
    refuses a job that has any.
    """
    given = {name: InputSpec("literal", value) for name, value in answers.items() if value is not None}
    given |= {name: InputSpec("upload") for name in uploads}
    command = commands.fill(recipe.command, given)
    named = commands.REFERENCE.findall(command)
    return JobSpec(
        source=Source("recipe", recipe.name, recipe.title, dict(answers)),
        experiment=recipe.experiment,
        command=command,
        code=snapshots.keep(recipe.folder).digest,
        environment=EnvironmentSpec(recipe.name, recipe.image, recipe.conda_file.read_text()),
        compute=compute,
        inputs={name: value for name, value in given.items() if name in named},
        makes=MakesSpec(
            model_path=recipe.model_path,
            samples_path=recipe.samples_path,
            registered_name=recipe.registered_name,
            main_metric=recipe.main_metric,
            goal=recipe.goal,
        ),
    )
