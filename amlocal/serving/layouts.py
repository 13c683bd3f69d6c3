"""What one generation of a deployment is on disk: scoring code, model, logs, and the few facts its servers are started
with."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from amlocal import processes
from amlocal.building import interpreters, model_versions, overlays
from amlocal.building.context import Context
from amlocal.storage import homes, materials, places
from amlocal.storage.store import Record, Scope
from amlocal.web.http import ArmError
from amlocal.web.tokens import IDENTITY_AUDIENCE

# Our own scoring script and old import names, for the scoring servers; not part of this program.
BUNDLED = Path(__file__).parent.parent / "bundled"
# What is in bundled/no_code gets `mlflow_` before its name: the model may have a module of the same name.
NO_CODE_SCRIPT = "mlflow_score.py"
# The no-code script tells it to whoever calls in vain.
WARNINGS_VARIABLE = "AMLOCAL_WARNINGS"
IDENTITY_SECONDS = 365 * 24 * 3600
_MODEL = re.compile(r".*/models/([^/]+)/versions/([^/]+)$", re.IGNORECASE)
_SECONDS = re.compile(r"^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?$")


@dataclass(frozen=True)
class Probe:
    """In seconds, but for `failures`, how many in a row are too many. The defaults are Azure's."""

    delay: float = 10
    period: float = 10
    timeout: float = 2
    failures: int = 30

    @property
    def patience(self) -> float:
        return self.delay + self.period * self.failures


@dataclass(frozen=True)
class Layout:
    """`code`, `model`, `environment` and `variables` decide what is served; the rest can change while it serves."""

    code: str
    script: str
    model: str
    environment: str
    instances: int
    concurrent: int
    timeout_seconds: float
    liveness: Probe = Probe()
    readiness: Probe = Probe()
    variables: dict[str, str] = field(default_factory=dict)
    of_image: dict[str, str] = field(default_factory=dict)
    # What is in the way of the model, in sentences; the endpoint, and the client id of its identity, if it has one.
    warnings: list[str] = field(default_factory=list)
    endpoint: str = ""
    identity: str | None = None
    python: str = ""
    model_folder: str = ""
    folder: Path = Path()

    @property
    def app_folder(self) -> Path:
        return self.folder / "app"

    def serves_the_same(self, other: Layout) -> bool:
        mine, theirs = ((one.code, one.script, one.model, one.environment, one.variables) for one in (self, other))
        return mine == theirs

    def at(self, folder: Path) -> Layout:
        return replace(self, folder=folder)

    def changed_to(self, other: Layout) -> Layout:
        return replace(
            self,
            instances=other.instances,
            concurrent=other.concurrent,
            timeout_seconds=other.timeout_seconds,
            liveness=other.liveness,
            readiness=other.readiness,
        )


def plan(record: Record) -> Layout:
    """What a deployment's record asks for, not yet on disk. Without code it is an MLflow model on our own script."""
    properties = record.body["properties"]
    settings, code = properties["requestSettings"], properties.get("codeConfiguration") or {}
    return Layout(
        code=str(code.get("codeId") or ""),
        script=str(code.get("scoringScript") or "score.py") if code else NO_CODE_SCRIPT,
        model=str(properties.get("model") or ""),
        environment=str(properties.get("environmentId") or ""),
        endpoint=record.name,
        variables={name: str(value) for name, value in (properties.get("environmentVariables") or {}).items()},
        instances=int(record.body["sku"]["capacity"]),
        concurrent=int(settings["maxConcurrentRequestsPerInstance"]),
        timeout_seconds=read_seconds(settings["requestTimeout"]),
        liveness=read_probe(properties.get("livenessProbe") or {}),
        readiness=read_probe(properties.get("readinessProbe") or {}),
    )


def lay_out(context: Context, scope: Scope, layout: Layout) -> Layout:
    """Downloads code and model as Azure's storage initializer does, telling what it does in its log. Raises
    materials.Missing."""
    for name in ("logs", "app"):
        (layout.folder / name).mkdir(parents=True, exist_ok=True)
    homes.make(layout.folder / "home")
    with (layout.folder / "logs" / "storage-initializer.log").open("a", buffering=1) as log:
        try:
            if layout.code:
                log.write(f"Downloading code {layout.code}\n")
                count = materials.copy(context.blobs, _code_place(context, scope, layout.code), layout.app_folder)
                log.write(f"{count} files in {layout.app_folder}\n")
            else:
                log.write("There is no scoring script: the model is served by its MLflow flavour.\n")
                for file in (BUNDLED / "no_code").glob("*.py"):
                    shutil.copyfile(file, layout.app_folder / f"mlflow_{file.name}")
            folder = files = layout.folder / "models"
            if layout.model:
                log.write(f"Downloading model {layout.model}\n")
                found = _MODEL.match(layout.model)
                folder = folder / found[1] / found[2] if found else folder
                files = materials.fetch(context, scope, layout.model, folder)
                log.write(f"Model is in {files}\n")
            if not (layout.app_folder / layout.script).is_file():
                raise materials.Missing(f"The scoring script '{layout.script}' is not in the code folder.")
            if layout.code or layout.environment:
                built = interpreters.for_scoring(context, scope, layout.environment, layout.app_folder, Path(log.name))
            else:
                built = interpreters.for_model(context, files, Path(log.name))
            differences = model_versions.find_differences(files, built.python)
            log.writelines(f"{told}\n" for told in differences)
            python = overlays.make(built.python, layout.folder / "python", built.layers)
        except (materials.Missing, OSError) as exc:
            log.write(f"Failed: {exc}\n")
            raise materials.Missing(str(exc)) from exc
    whole = replace(
        layout,
        python=str(python),
        model_folder=str(folder) if layout.model else "",
        of_image=dict(built.variables),
        warnings=[*built.warnings, *differences],
        identity=_find_identity(context, scope, layout.endpoint),
    )
    save(whole)
    return whole


def save(layout: Layout) -> None:
    facts = {**asdict(layout), "folder": str(layout.folder)}
    path = layout.folder / "layout.json"
    path.with_suffix(".new").write_text(json.dumps(facts))
    path.with_suffix(".new").replace(path)


def load(folder: Path) -> Layout | None:
    """None when that generation is not, or not whole, on disk."""
    try:
        facts: dict[str, Any] = json.loads((folder / "layout.json").read_text())
    except (OSError, ValueError):
        return None
    probes = {name: Probe(**(facts.get(name) or {})) for name in ("liveness", "readiness")}
    return Layout(**{**facts, **probes, "folder": folder})


def environment(context: Context, layout: Layout) -> dict[str, str]:
    """What a scoring server sees: the cleaned environment, Azure's variables, and the deployment's own on top."""
    settings = context.settings
    python = Path(layout.python)
    variables = processes.clean_environment(layout.folder / "home", python=python) | overlays.variables(python)
    variables |= {
        "AML_APP_ROOT": str(layout.app_folder),
        "AZUREML_ENTRY_SCRIPT": layout.script,
        "REQUESTS_CA_BUNDLE": str(settings.ca_bundle),
        "SSL_CERT_FILE": str(settings.ca_bundle),
        "PYTHONPATH": os.pathsep.join((str(layout.app_folder), str(BUNDLED / "shims"))),
    }
    if layout.model_folder:
        variables["AZUREML_MODEL_DIR"] = layout.model_folder
    if layout.identity is not None:
        secret = context.tokens.issue(IDENTITY_AUDIENCE, lifetime_seconds=IDENTITY_SECONDS, endpoint=layout.endpoint)
        variables |= {"MSI_ENDPOINT": f"{settings.public_url}/msi/token", "MSI_SECRET": secret}
        variables |= {"DEFAULT_IDENTITY_CLIENT_ID": layout.identity} if layout.identity else {}
    told = {WARNINGS_VARIABLE: " ".join(layout.warnings)} if layout.warnings else {}
    return {**layout.of_image, **variables, **told, **layout.variables}


def _find_identity(context: Context, scope: Scope, endpoint: str) -> str | None:
    """The client id of the identity that an endpoint was given by its user, "" when the system gave it one; None when
    it has none."""
    record = context.store.get("endpoints", scope, endpoint)
    identity: dict[str, Any] = record.body["identity"] if record else {"type": "None"}
    if identity["type"] == "None":
        return None
    users: list[dict[str, str]] = list((identity.get("userAssignedIdentities") or {}).values())
    return str(users[0]["clientId"]) if users else ""


def read_seconds(duration: str) -> float:
    """Seconds of an ISO 8601 duration of hours and less, such as PT5S. Raises ArmError 400."""
    found = _SECONDS.match(duration)
    if found is None:
        raise ArmError(400, "BadArgument", f"'{duration}' is not a duration such as PT5S.")
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def read_probe(asked: dict[str, Any]) -> Probe:
    """A probe as ARM writes it; what is not said is Azure's default. Raises ArmError 400."""
    words = {"delay": "initialDelay", "period": "period", "timeout": "timeout"}
    seconds = {name: read_seconds(str(asked[word])) for name, word in words.items() if asked.get(word)}
    counts = [asked.get(word) for word in ("failureThreshold", "successThreshold")]
    # Documented: one second, and one time, at least. A period of none would never let the probe rest.
    if any(value < 1 for value in seconds.values()) or any(count is not None and count < 1 for count in counts):
        raise ArmError(400, "BadArgument", "The times and thresholds of a probe are at least 1.")
    return Probe(**seconds, failures=counts[0] or Probe.failures)


def _code_place(context: Context, scope: Scope, code: str) -> places.Place:
    parts = code.split("/")
    record = context.store.get("codes", scope, parts[-3], parts[-1]) if len(parts) > 3 else None
    if record is None:
        raise materials.Missing(f"The code '{code}' was not found.")
    return places.need(context, scope, str(record.body["properties"]["codeUri"]))
