"""Registers model versions from finished runs."""

import re

from django.db import transaction

from accounts.ids import new_public_id
from accounts.models import User
from ops.errors import InvalidParameter, Refused, WrongState
from ops.models import ModelVersion, Operation, RegisteredModel, Run
from ops.opening import open_operation

# https://learn.microsoft.com/azure/machine-learning/how-to-manage-models: letters, digits, dashes, underscores.
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}")


def register(*, run: Run, by: User, name: str = "") -> Operation:
    """A ModelVersion row (the operation's target) of the run's model folder, and the operation that makes it.

    The version number is chosen by the operation's first step; until then the row carries a provisional one.
    Raises WrongState unless the run is Completed, InvalidParameter for a bad name, OperationInProgress while another
    version of that name is being made.
    """
    if not run.is_completed:
        raise WrongState("version:run_not_completed")
    spec = run.job_spec
    if spec is None:
        raise Refused("run:made_outside", name=str(run))
    if not spec.makes.model_path:
        raise Refused("version:recipe_makes_none", recipe=spec.source.title)
    name = name.strip() or spec.makes.registered_name
    if not NAME.fullmatch(name):
        raise InvalidParameter("version:bad_name", field="name")
    with transaction.atomic():
        registered, _made = RegisteredModel.objects.get_or_create(workspace=run.workspace, name=name)
        version = ModelVersion.objects.create(
            registered_model=registered,
            version=f"new-{new_public_id()}",
            run=run,
            main_metric=spec.makes.main_metric,
            goal=spec.makes.goal,
            metrics={series.key: series.last_value for series in run.metrics.all() if series.last_value is not None},
            requested_by=by,
        )
        registered.note_version(version.created_at)
        return open_operation(
            Operation.Kind.REGISTER_VERSION,
            version,
            by=by,
            plan={"model_path": spec.makes.model_path, "samples_path": spec.makes.samples_path},
        )
