"""Queues training runs from recipes, cancels and repeats them."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.ids import new_public_id
from accounts.models import User
from ops import job_sources, recipes
from ops.errors import InvalidParameter, Refused, WrongState
from ops.job_specs import JobSpec
from ops.models import InputFile, Operation, Run, RunStatusChange, Workspace
from ops.opening import open_operation
from ops.services import operations


def submit(
    *,
    workspace: Workspace,
    by: User,
    recipe: str,
    parameters: Mapping[str, Any],
    compute: str,
    display_name: str = "",
    files: Mapping[str, Iterable["UploadedFile[Any]"]] | None = None,
) -> Operation:
    """A Run row (the operation's target) with its uploaded input files, and the operation that sends it to Azure.

    ``files`` maps an input's name to its files. Raises InvalidParameter for a wrong parameter, an unknown compute or
    too many bytes; Refused for an unknown recipe.
    """
    chosen = recipes.get(recipe)
    cleaned = chosen.clean(dict(parameters))
    if not workspace.computes.filter(name=compute, gone_at=None).exists():
        raise InvalidParameter("run:unknown_compute", field="compute", compute=compute)
    uploads = {name: list(given) for name, given in (files or {}).items() if given}
    for wanted in chosen.inputs:
        if not wanted.is_optional and not uploads.get(wanted.name):
            raise InvalidParameter("recipe:missing", field=wanted.name, label=wanted.label)
    if sum(file.size or 0 for given in uploads.values() for file in given) > settings.UPLOAD_INPUT_BYTES:
        raise InvalidParameter("run:inputs_too_large", field=next(iter(uploads)), limit=settings.UPLOAD_INPUT_BYTES)
    spec = job_sources.from_recipe(chosen, cleaned, uploads, compute)
    with transaction.atomic():
        run = _queued(workspace, by, spec, display_name.strip())
        for input_name, given in uploads.items():
            for file in given:
                InputFile.objects.create(
                    run=run, input_name=input_name, name=file.name or "file", file=file, size=file.size or 0
                )
        return open_operation(Operation.Kind.SUBMIT_RUN, run, by=by)


def cancel(run: Run, by: User) -> Operation:
    """Ask Azure to cancel the job; one not yet sent is never sent. Raises WrongState, OperationInProgress."""
    if run.is_final:
        raise WrongState("run:already_over")
    submitting = Operation.objects.open().about(run).filter(kind=Operation.Kind.SUBMIT_RUN).first()
    if submitting:
        return operations.cancel(submitting, by)
    with transaction.atomic():
        return open_operation(Operation.Kind.CANCEL_RUN, run, by=by)


def retry(run: Run, by: User) -> Operation:
    """The same spec and files once more, as a new run linked to this one; its recipe is not read again.

    Raises WrongState while the run is under way, Refused when it was made outside the portal.
    """
    if not run.is_final:
        raise WrongState("run:still_running")
    spec = run.job_spec
    if spec is None:
        raise Refused("run:made_outside", name=str(run))
    with transaction.atomic():
        again = _queued(run.workspace, by, spec, run.display_name, retry_of=run, kind=run.kind, purpose=run.purpose)
        InputFile.objects.bulk_create(
            InputFile(run=again, input_name=file.input_name, name=file.name, file=file.file.name, size=file.size)
            for file in run.input_files.all()
        )
        return open_operation(Operation.Kind.SUBMIT_RUN, again, by=by)


def _queued(workspace: Workspace, by: User, spec: JobSpec, display_name: str, **more: Any) -> Run:
    """A new row with the spec frozen on it, and the first line of its timeline."""
    run = Run.objects.create(
        workspace=workspace,
        name=f"{spec.source.name.lower()}-{new_public_id()}"[:255],
        display_name=display_name,
        experiment=spec.experiment,
        compute=spec.compute,
        spec=spec.as_json(),
        main_metric=spec.makes.main_metric,
        requested_by=by,
        is_ours=True,
        **more,
    )
    RunStatusChange.objects.create(run=run, status=run.status, at=timezone.now())
    return run
