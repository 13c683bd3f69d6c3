"""Turns codes and params into what a person reads: a title, a sentence, a next step. The only place with such texts.

``TEXTS`` and ``STEPS`` are declared tables; a test demands a text for each code raised and each step of each flow.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ops.models import Operation

Text = str | Promise


@dataclass(frozen=True)
class Explanation:
    """What happened, and what to do next; ``next`` may be empty. ``detail`` is the foreign side's own wording."""

    code: str
    title: str
    sentence: str
    next: str = ""
    detail: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.sentence, self.next) if part)

    def as_json(self) -> dict[str, str]:
        return {
            "code": self.code,
            "title": self.title,
            "sentence": self.sentence,
            "next": self.next,
            "detail": self.detail,
        }


GENERIC = "ops:generic"
_PARAMETER: Text = _("Check this value")
_TRY: Text = _("Try again in a moment.")

# code: (title, sentence, next step); {names} are filled from the error's params.
TEXTS: dict[str, tuple[Text, Text, Text]] = {
    GENERIC: (
        _("Something broke on our side"),
        _("The portal met an error it did not expect."),
        _("Retry; if it happens again, give the person who runs the portal this id: {id}"),
    ),
    "vault:unreadable": (
        _("Credential cannot be read"),
        _("The secret was encrypted with a key that this portal no longer has."),
        _("Enter the credential again, or restore the portal's vault keys."),
    ),
    # Azure's answers, as translated by ops.azure.
    "azure:unreachable": (
        _("Azure ML does not answer"),
        _("The connection to Azure ML failed or timed out."),
        _("The portal keeps trying; check the network if it lasts."),
    ),
    "azure:throttled": (
        _("Azure ML asks us to slow down"),
        _("Too many requests were sent to Azure ML."),
        _("The portal tries again after the time Azure named."),
    ),
    "azure:denied": (
        _("Azure ML refused the credential"),
        _("The credential may not do this in the workspace."),
        _("Check its role assignments on the workspace and that its secret has not expired."),
    ),
    "azure:not_found": (
        _("Not found in Azure ML"),
        _("Azure ML does not know this subscription, resource group, workspace or thing."),
        _("Check the names; they are shown on the workspace's overview page in Azure."),
    ),
    "azure:conflict": (
        _("Azure ML is busy with it"),
        _("Another change to the same thing is under way in Azure."),
        _("The portal tries again; if it lasts, look who else works on it."),
    ),
    "azure:rejected": (
        _("Azure ML rejected the request"),
        _("Azure ML found something wrong with what was asked."),
        _("Read Azure's own words below, change the value and try again."),
    ),
    "azure:failed": (
        _("It failed in Azure ML"),
        _("Azure ML accepted the request but could not carry it out."),
        _("Read Azure's own words and the log, then retry."),
    ),
    # Operations
    "operation:busy": (
        _("Busy"),
        _("{who} is already busy here: {what}."),
        _("Wait until it has finished, or cancel it on the Operations page."),
    ),
    "operation:already_over": (_("Already over"), _("This operation has already finished."), ""),
    "operation:nothing_to_retry": (
        _("Nothing to retry"),
        _("Only an operation that did not succeed can be retried."),
        "",
    ),
    "operation:cancel_requested": (_("Cancel requested"), _("Somebody asked to stop this operation."), ""),
    "operation:lost_track": (
        _("Lost track"),
        _("The time limit passed and the portal could not learn how it ended in Azure."),
        _("Look at the thing in Azure ML, then retry."),
    ),
    # Credentials and workspaces
    "credential:missing": (_PARAMETER, _("This credential needs a tenant id, a client id and a secret."), ""),
    "credential:name_taken": (_PARAMETER, _("The team already has a credential called {name}."), ""),
    "workspace:bad_subscription_id": (
        _PARAMETER,
        _("A subscription id looks like 11111111-2222-3333-4444-555555555555."),
        "",
    ),
    "workspace:bad_resource_group": (
        _PARAMETER,
        _("A resource group has 1 to 90 letters, digits, dashes, underscores, dots or brackets."),
        "",
    ),
    "workspace:bad_name": (
        _PARAMETER,
        _("A workspace name has 3 to 33 letters, digits, dashes or underscores and starts with a letter or digit."),
        "",
    ),
    "workspace:cloud_off": (
        _PARAMETER,
        _("No worker of this portal speaks to {cloud}."),
        _("Ask the person who runs the portal to add it to PORTAL_CLOUDS."),
    ),
    "workspace:wrong_credential": (
        _PARAMETER,
        _("The local Azure ML is used with the local credential, Azure with one of its own kinds."),
        "",
    ),
    "workspace:taken": (
        _PARAMETER,
        _("The workspace {name} is already registered in this portal."),
        _("If you do not see it, another team has it: ask the person who runs the portal."),
    ),
    "workspace:has_open_operation": (
        _("Busy"),
        _("{who} still has something under way in this workspace: {what}."),
        _("Wait until it has finished, or cancel it on the Operations page."),
    ),
    # Recipes and runs
    "recipe:unknown": (_("No such recipe"), _("There is no recipe called {name}."), _("Choose one from the list.")),
    "recipe:missing": (_PARAMETER, _("{label} is needed."), ""),
    "recipe:wrong_type": (_PARAMETER, _("{label} must be of this kind: {kind}."), ""),
    "recipe:not_a_choice": (_PARAMETER, _("{label} must be one of the choices."), ""),
    "recipe:out_of_range": (_PARAMETER, _("{label} must be between {minimum} and {maximum}."), ""),
    "run:unknown_compute": (_PARAMETER, _("The workspace has no compute called {compute}."), ""),
    "run:inputs_too_large": (_PARAMETER, _("The files are larger than {limit} bytes together."), ""),
    "run:already_over": (_("Already over"), _("The job has already finished."), ""),
    "run:still_running": (_("Still running"), _("Wait until the job has finished, or cancel it first."), ""),
    "run:failed": (
        _("The job failed"),
        _("The training script ended with an error."),
        _("Its traceback is at the end of the log."),
    ),
    # Model versions
    "version:run_not_completed": (
        _("Not finished"),
        _("A model version can be registered once the job is Completed."),
        "",
    ),
    "version:recipe_makes_none": (_("No model"), _("The recipe {recipe} does not produce a model."), ""),
    "version:bad_name": (
        _PARAMETER,
        _("A model name has letters, digits, dashes or underscores and starts with a letter or digit."),
        "",
    ),
    # Endpoints and deployments
    "endpoint:bad_name": (
        _PARAMETER,
        _("An endpoint name starts with a letter and has 3 to 32 letters, digits and single dashes."),
        "",
    ),
    "endpoint:not_ours": (
        _("Name taken"),
        _("The endpoint {name} was not made by this portal, so it is not changed here."),
        _("Choose another endpoint name."),
    ),
    "endpoint:name_taken": (
        _("Name taken"),
        _("An endpoint called {name} exists already and belongs to somebody else."),
        _("Choose another endpoint name."),
    ),
    "endpoint:typed_name_differs": (_PARAMETER, _("Type {name} to confirm."), ""),
    "deployment:bad_name": (
        _PARAMETER,
        _("A deployment name starts with a letter and has 3 to 32 letters, digits and single dashes."),
        "",
    ),
    "deployment:name_taken": (_PARAMETER, _("The endpoint already has a deployment called {name}."), ""),
    "deployment:no_instance_type": (_PARAMETER, _("Choose an instance type."), ""),
    "deployment:bad_count": (_PARAMETER, _("Choose between 1 and {most} instances."), ""),
    "deployment:bad_timeout": (_PARAMETER, _("The time-out lies between 1 and {most} milliseconds."), ""),
    "deployment:too_many": (_("Full"), _("An endpoint takes at most {most} deployments."), _("Delete one first.")),
    "deployment:version_not_ready": (_("Not ready"), _("This model version is not ready yet."), _TRY),
    "deployment:has_traffic": (
        _("It serves traffic"),
        _("This deployment gets {percent} % of the requests."),
        _("Send the traffic to another deployment first."),
    ),
    "traffic:not_ready": (_PARAMETER, _("{name} is not ready to take requests."), ""),
    "traffic:out_of_range": (_PARAMETER, _("The share of {name} must be between 0 and 100."), ""),
    # Predict: what scoring.errors and scoring.services raise
    "predict:endpoint_not_ready": (_("Not ready"), _("The endpoint {name} is not ready to answer yet."), _TRY),
    "predict:key_missing": (_("Key on its way"), _("The portal is fetching the key of {name} from Azure ML."), _TRY),
    "predict:no_deployment": (
        _("Nothing to ask"),
        _("{name} has no deployment that is ready."),
        _("Deploy a model version first."),
    ),
    "predict:no_spec": (
        _("Unknown input"),
        _("The model behind {name} does not say which images it takes: it has no model.json."),
        _("Register a version that carries one."),
    ),
    "predict:no_image": (_("No image"), _("No image was sent."), _("Choose, drop or paste one.")),
    "scoring:image_empty": (_("Empty file"), _("The file is empty."), _("Choose another image.")),
    "scoring:image_too_large": (
        _("Too large"),
        _("The file is larger than the limit of {limit} bytes."),
        _("Make it smaller and try again."),
    ),
    "scoring:image_not_an_image": (
        _("Not an image"),
        _("The file is not an image that can be read here."),
        _("PNG, JPEG, WebP, GIF, BMP, TIFF and HEIC work."),
    ),
    "scoring:image_too_many_pixels": (
        _("Too many pixels"),
        _("The image has more than the limit of {limit} pixels."),
        _("Make it smaller and try again."),
    ),
    "scoring:image_truncated": (
        _("Damaged image"),
        _("The image is damaged or cut off."),
        _("Save or send it again."),
    ),
    "scoring:spec_unreadable": (
        _("Unknown input"),
        _("The model.json of this version cannot be used: {reason}"),
        _("Register a version with a correct one."),
    ),
    "scoring:format_unknown": (_("Unknown input"), _("This portal does not know the request format {format}."), ""),
    "scoring:busy": (
        _("Busy"),
        _("Many people wait for endpoints right now; your image was not sent."),
        _("Try again in a few seconds."),
    ),
    "scoring:slow": (
        _("No answer in time"),
        _("The endpoint did not answer within {seconds} seconds."),
        _("Try again; if it lasts, look at the deployment's log."),
    ),
    "scoring:unreachable": (
        _("Endpoint not reachable"),
        _("No connection to the endpoint could be made ({reason})."),
        _("Check that the endpoint still exists and is running."),
    ),
    "scoring:key_refused": (
        _("Key refused"),
        _("The endpoint did not accept the key; the portal is fetching a new one."),
        _TRY,
    ),
    "scoring:no_deployment": (
        _("Nobody answers"),
        _("No deployment of this endpoint takes requests."),
        _("Send traffic to a deployment on the endpoint's page."),
    ),
    "scoring:too_slow": (
        _("The model was too slow"),
        _("The deployment gave up after its own time limit."),
        _("Deploy it with a longer time-out or a larger instance."),
    ),
    "scoring:model_error": (
        _("The scoring script failed"),
        _("The deployment's script answered with an error ({model_status}): {message}"),
        _("Its traceback is in the deployment's log."),
    ),
    "scoring:throttled": (
        _("The endpoint is busy"),
        _("The endpoint takes no more requests at the moment."),
        _("Try again in a few seconds, or give the deployment more instances."),
    ),
    "scoring:answer_unreadable": (
        _("Unreadable answer"),
        _("The endpoint answered something this portal cannot read: {reason}"),
        _("Check which scoring script the deployment runs."),
    ),
    "scoring:server_error": (
        _("The endpoint failed"),
        _("The endpoint answered with the status {status}."),
        _("Try again; if it lasts, look at the deployment's log."),
    ),
    # People and teams, raised by portal.people.
    "team:already_member": (
        _("Already in the team"),
        _("{who} is in this team already."),
        _("Change the role in the list instead."),
    ),
    "team:last_owner": (
        _("A team needs an owner"),
        _("This is the last owner of {team}."),
        _("Make somebody else an owner first."),
    ),
    "traffic:not_whole": (_PARAMETER, _("The shares must sum to 100, they sum to {total}."), ""),
}

# The steps of each kind of operation in their order, as a person reads them.
STEPS: dict[str, dict[str, Text]] = {}


def explain(thing: Any) -> Explanation:
    """The explanation of an OpsError-like exception or of a row with ``error_code`` and ``error_params``."""
    code = str(getattr(thing, "error_code", "") or getattr(thing, "code", GENERIC))
    if code not in TEXTS and f"scoring:{code}" in TEXTS:
        code = f"scoring:{code}"
    params = getattr(thing, "error_params", None) or getattr(thing, "params", {})
    return of(code, params)


def explained(row: Any) -> Explanation | None:
    """The explanation of a row's error, None when it has none."""
    return explain(row) if row.error_code else None


def of(code: str, params: Mapping[str, Any]) -> Explanation:
    """The texts of ``code`` filled with ``params``; an unknown code reads as ops:generic."""
    title, sentence, following = TEXTS.get(code, TEXTS[GENERIC])
    filled = _Filled({**params, "what": _kind_label(params.get("what", ""))} if "what" in params else params)
    return Explanation(
        code=code,
        title=str(title).format_map(filled),
        sentence=str(sentence).format_map(filled),
        next=str(following).format_map(filled),
        detail=str(params.get("message", "")),
    )


def step_label(kind: str, step: str) -> str:
    """The step's label; an unlabelled step reads as its own name."""
    return str(STEPS.get(kind, {}).get(step, step.replace("_", " ")))


def _kind_label(kind: str) -> str:
    return str(Operation.Kind(kind).label) if kind in Operation.Kind.values else kind


class _Filled(dict[str, Any]):
    """A mapping whose missing names read as a dash: a text must never fail to show."""

    def __missing__(self, key: str) -> str:
        return "–"
