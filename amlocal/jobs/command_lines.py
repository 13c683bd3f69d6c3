"""A command job's command line and environment variables: `${{inputs.x}}` and `${{outputs.y}}` filled in, Azure's
variables set."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from amlocal import processes
from amlocal.arm import workspaces
from amlocal.building import overlays
from amlocal.building.context import Context
from amlocal.jobs import shell_words
from amlocal.settings import CLOUD
from amlocal.storage.store import Scope
from amlocal.tracking.runs import Run
from amlocal.web.http import ArmError
from amlocal.web.tokens import IDENTITY_AUDIENCE

# What every Python of a job reads first; see there.
BUNDLED = Path(__file__).parent.parent / "bundled" / "jobs"
TOKEN_SECONDS = 14 * 24 * 3600
_HOLE = re.compile(r"\$\{\{\s*(inputs|outputs)\.([\w.]+)\s*\}\}")
_OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)


def check(command: str, inputs: Iterable[str], outputs: Iterable[str]) -> None:
    """Raises ArmError 400 for a hole that nothing fills."""
    known = {"inputs": set(inputs), "outputs": set(outputs)}
    for kind, name in _HOLE.findall(_OPTIONAL.sub("", command)):
        if name not in known[kind]:
            raise ArmError(
                400, "UserError", f"The command uses '${{{{{kind}.{name}}}}}', but the job has no {kind[:-1]} '{name}'."
            )


def fill(command: str, inputs: Mapping[str, str], outputs: Mapping[str, str], literals: Collection[str] = ()) -> str:
    """The command with every hole filled; an optional part `$[[…]]` goes when its input was not given. A path is one
    word of the shell, whatever is in it; an input that is in `literals` stands as it is, with all its words."""
    values = {"inputs": inputs, "outputs": outputs}

    def keep(found: re.Match[str]) -> str:
        return found[1] if all(name in values[kind] for kind, name in _HOLE.findall(found[1])) else ""

    whole = _OPTIONAL.sub(keep, command)
    quoting, filled, end = shell_words.Quoting(), "", 0
    for hole in _HOLE.finditer(whole):
        quoting.read(whole[end : hole.start()])
        value, is_literal = values[hole[1]].get(hole[2]), hole[1] == "inputs" and hole[2] in literals
        if value is not None and not is_literal:
            value = quoting.quote(value)
        filled += whole[end : hole.start()] + (hole[0] if value is None else value)
        end = hole.end()
    return filled + whole[end:]


def environment(
    context: Context,
    scope: Scope,
    run: Run,
    properties: Mapping[str, Any],
    *,
    python: Path,
    home: Path,
    paths: Mapping[str, str],
    of_image: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """What a job's process sees: the cleaned environment, Azure's and MLflow's variables, and the job's own on top.
    `paths` are AZURE_ML_INPUT_x=…; `of_image` are what the environment's image sets, and come first."""
    settings = context.settings
    token = context.tokens.issue_for("ml", lifetime_seconds=TOKEN_SECONDS, run=run.id)
    variables = processes.clean_environment(home, python=python) | overlays.variables(python)
    variables |= {
        "AZUREML_RUN_ID": run.id,
        "AZUREML_EXPERIMENT_ID": run.experiment_id,
        "AZUREML_ARM_SUBSCRIPTION": scope.subscription,
        "AZUREML_ARM_RESOURCEGROUP": scope.group,
        "AZUREML_ARM_WORKSPACE_NAME": scope.workspace,
        "AZUREML_ARM_PROJECT_NAME": run.experiment_name,
        "AZUREML_WORKSPACE_SCOPE": scope.arm_id,
        "AZUREML_WORKSPACE_ID": str(workspaces.find(context, scope).body["workspaceId"]),
        "AZUREML_SERVICE_ENDPOINT": settings.public_url,
        "AZUREML_DISCOVERY_SERVICE_ENDPOINT": f"{settings.public_url}/discovery",
        "AZUREML_RUN_TOKEN": token,
        "AZUREML_CURRENT_CLOUD": CLOUD,
        "ARM_CLOUD_METADATA_URL": f"{settings.public_url}/metadata/endpoints",
        "MLFLOW_TRACKING_URI": tracking_uri(context, scope),
        "MLFLOW_TRACKING_TOKEN": token,
        "MLFLOW_RUN_ID": run.id,
        "MLFLOW_EXPERIMENT_ID": run.experiment_id,
        "MLFLOW_EXPERIMENT_NAME": run.experiment_name,
        "PYTHONPATH": str(BUNDLED),
        "REQUESTS_CA_BUNDLE": str(settings.ca_bundle),
        "SSL_CERT_FILE": str(settings.ca_bundle),
    }
    variables["NO_PROXY"] = variables["no_proxy"] = (
        f"{variables['NO_PROXY']},{settings.public_host},.{settings.public_host}"
    )
    variables |= _identity(context, run, properties)
    own = properties.get("environmentVariables") or {}
    return {
        **of_image,
        **variables,
        **paths,
        **{str(name): str(value) for name, value in own.items() if value is not None},
    }


def _identity(context: Context, run: Run, properties: Mapping[str, Any]) -> dict[str, str]:
    """Where a job that was given an identity gets tokens, in the words of azure-identity's ManagedIdentityCredential
    and azure-ai-ml's AzureMLOnBehalfOfCredential. Without one it has its run's token alone."""
    asked = properties.get("identity") or {}
    secret = context.tokens.issue(IDENTITY_AUDIENCE, lifetime_seconds=TOKEN_SECONDS, run=run.id)
    url = f"{context.settings.public_url}/msi/token"
    if asked.get("identityType") == "UserIdentity":
        return {"OBO_ENDPOINT": f"{url}?secret={secret}"}
    if asked.get("identityType") == "Managed":
        client = {"DEFAULT_IDENTITY_CLIENT_ID": str(asked["clientId"])} if asked.get("clientId") else {}
        return {"MSI_ENDPOINT": url, "MSI_SECRET": secret, **client}
    return {}


def tracking_uri(context: Context, scope: Scope) -> str:
    return f"azureml://{context.settings.netloc}/mlflow/v1.0{scope.arm_id}"
