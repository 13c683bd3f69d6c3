"""The steps of the main job, each as a script takes it: workspace, run, version, deployment, prediction."""

import json
import time
from pathlib import Path
from typing import Any

from launch.console import Problem
from launch.demo import following, polling
from launch.demo.api_client import File
from launch.demo.session import DemoSession

RECIPE, ENDPOINT = "mnist-keras", "demo-digits"
DEPLOY_MINUTES, STEP_MINUTES = 15, 5
Document = dict[str, Any]


def register_workspace(session: DemoSession) -> Document:
    """The workspace `local` of the team Demo: found or registered; then its connection is tested."""
    api = session.api
    known = next((row for row in api.list("workspaces") if (row["cloud"], row["name"]) == ("local", "local")), None)
    if known is None:
        names = api.get("workspaces/choices")["local"]
        if names is None:
            raise Problem(
                "The workspace local belongs to another team of this portal: give the demo its own PORTAL_HOME."
            )
        team = api.get("teams")[0]["id"]
        operation = api.post("workspaces", {"team": team, "cloud": "local", **names})
        session.report(
            f"Registering the workspace {names['name']} ({names['subscription_id']}/{names['resource_group']})"
        )
        polling.finish(session, operation, STEP_MINUTES)
        known = {"id": operation["target"]["id"]}
    path = f"workspaces/{known['id']}"
    polling.finish(session, api.post(f"{path}/test"), STEP_MINUTES)
    workspace: Document = api.get(path)
    computes = ", ".join(compute["name"] for compute in workspace["computes"])
    session.report(f"Connection tested: workspace {workspace['name']} in {workspace['location']}, {computes}")
    return workspace


def train(session: DemoSession, workspace: Document, epochs: int, data: Path | None) -> Document:
    """Queue the recipe and follow status, log and metrics until the run has ended. Raises Problem when it fails."""
    began = time.monotonic()
    if not workspace["computes"]:
        raise Problem("The workspace has no compute to run on.")
    job = {
        "recipe": RECIPE,
        "workspace": workspace["id"],
        "compute": workspace["computes"][0]["name"],
        "display_name": "Demo",
        "parameters": {"epochs": epochs},
    }
    if data:
        operation = session.api.upload("jobs/upload", {"job": json.dumps(job)}, {"input_data": files_of(data)})
    else:
        operation = session.api.post("jobs", job)
    run = session.api.get(f"jobs/{operation['target']['id']}")
    what = f"MNIST from {data}" if data else "the bundled digits"
    session.report(f"Queued {RECIPE}, {epochs} epochs, {what}: {run['name']}")
    run = following.follow(session, run["id"])
    session.seconds["train"] = time.monotonic() - began
    if run["status"] != "Completed":
        raise Problem(f"The run ended as {run['status']}: {polling.sentence(run['error'])} Its log is on {run['url']}.")
    return run


def register_version(session: DemoSession, run: Document) -> Document:
    """Register the run's model as a new version."""
    operation = session.api.post("versions", {"job": run["id"]})
    polling.finish(session, operation, STEP_MINUTES)
    version: Document = session.api.get(f"versions/{operation['target']['id']}")
    accuracy = version["metrics"].get(version["main_metric"])
    session.report(
        f"Registered {version['name']} version {version['version']}: {version['main_metric']} {accuracy:.4f}"
    )
    return version


def deploy(session: DemoSession, version: Document) -> tuple[Document, str]:
    """Deploy the version to the demo's endpoint and give it all traffic. The endpoint, and the deployment's name."""
    began, api = time.monotonic(), session.api
    known = next((row["id"] for row in api.list("endpoints", q=ENDPOINT) if row["name"] == ENDPOINT), None)
    to = {"endpoint": known} if known else {"endpoint_name": ENDPOINT}
    operation = api.post("endpoints/deploy", {"version": version["id"], **to})
    name, path = operation["deployment"], f"endpoints/{operation['endpoint']}"
    session.report(f"Deploying {version['name']}:{version['version']} to {ENDPOINT} as {name}")
    polling.finish(session, operation, DEPLOY_MINUTES)
    if api.get(path)["traffic"].get(name) != 100:
        polling.finish(session, api.put(f"{path}/traffic", {"split": {name: 100}}), STEP_MINUTES)
    session.seconds["deploy"] = time.monotonic() - began
    endpoint = _retire(session, path, name)
    session.report(f"{ENDPOINT} answers on {endpoint['scoring_uri']}, all traffic to {name}")
    return endpoint, name


def predict(session: DemoSession, endpoint: Document, version: Document) -> tuple[Document, str, bytes]:
    """Upload a held-back digit. The answer, the right label, and the PNG."""
    sample = max(version["samples"], key=lambda row: row["label"] == "7")
    png = session.api.download(sample["url"])
    began = time.monotonic()
    answer: Document = session.api.upload(
        f"predict/{endpoint['id']}", {}, {"image": [(f"digit-{sample['label']}.png", png)]}
    )
    session.seconds["predict"] = time.monotonic() - began
    top = ", ".join(f"{label} {probability:.1%}" for label, probability in answer["top"][:3])
    verdict = "right" if answer["top"][0][0] == sample["label"] else f"WRONG, it is a {sample['label']}"
    session.report(f"A held-back {sample['label']}: {top} in {answer['latency_ms']:.0f} ms: {verdict}")
    return answer, sample["label"], png


def files_of(folder: Path) -> list[File]:
    """The folder's files, by name, ready to be sent. Raises Problem when there are none."""
    found = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    if not found:
        raise Problem(f"{folder} is not a folder with files.")
    return [(path.name, path.read_bytes()) for path in found]


def _retire(session: DemoSession, path: str, name: str) -> Document:
    """Delete the deployments of earlier demos but the latest of them, to go back to: each is a running server."""
    endpoint: Document = session.api.get(path)
    idle = [row for row in endpoint["deployments"] if row["name"] != name and row["model_version"]]
    idle.sort(key=lambda row: int(row["model_version"]["version"]))
    for row in idle[:-1]:
        session.report(f"Deleting the deployment {row['name']} of an earlier demo")
        polling.finish(session, session.api.delete(f"{path}/deployments/{row['id']}"), STEP_MINUTES)
    return dict(session.api.get(path))
