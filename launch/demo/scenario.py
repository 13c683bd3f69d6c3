"""The steps of the main job, each as a person takes it: workspace, run, version, deployment, prediction."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from launch.console import Problem, say
from launch.demo import http_browser, polling
from launch.demo.html_forms import Form
from launch.demo.session import DemoSession

RECIPE, ENDPOINT = "mnist-keras", "demo-digits"
LOG_TAIL_SECONDS = 2.0  # the last lines may be mirrored a moment after the last status
TRAIN_MINUTES, DEPLOY_MINUTES, STEP_MINUTES = 60, 15, 5


def register_workspace(session: DemoSession) -> dict[str, Any]:
    """The workspace `local` of the team Demo: found or registered; then its connection is tested."""
    browser = session.browser
    rows = browser.read("/workspaces/")["rows"]
    known = next((row for row in rows if row["cloud"] == "local" and row["name"] == "local"), None)
    if known is None:
        names = browser.read("/workspaces/register/")["local"]
        if names is None:
            raise Problem(
                "The workspace local belongs to another team of this portal: give the demo its own PORTAL_HOME."
            )
        document = browser.submit(
            "/workspaces/register/", lambda form: "subscription_id" in form.fields, {"cloud": "local", **names}
        )
        session.report(
            f"Registering the workspace {names['name']} ({names['subscription_id']}/{names['resource_group']})"
        )
        known = document["workspace"]
    path = known["url"]
    polling.wait_until(session, path, "workspace", lambda page: page["workspace"]["state"] == "ready", STEP_MINUTES)
    browser.submit(path, lambda form: form.action.endswith("/test/"))
    page = polling.wait_until(
        session, path, "operation", lambda page: page["operation"]["state"] == "succeeded", STEP_MINUTES
    )
    computes = ", ".join(compute["name"] for compute in page["workspace"]["computes"])
    session.report(
        f"Connection tested: workspace {page['workspace']['name']} in {page['workspace']['location']}, {computes}"
    )
    workspace: dict[str, Any] = page["workspace"]
    return workspace


def train(session: DemoSession, workspace: dict[str, Any], epochs: int, data: Path | None) -> dict[str, Any]:
    """Queue the recipe and follow status, log and metrics until the run has ended. Raises Problem when it fails."""
    began = time.monotonic()
    path = f"/jobs/new/{RECIPE}/"
    computes = session.browser.read(path)["computes"]
    chosen = next((row["value"] for row in computes if row["workspace"] == workspace["id"]), None)
    if chosen is None:
        raise Problem("The workspace has no compute to run on.")
    values = {"compute": chosen, "parameter_epochs": str(epochs), "display_name": "Demo"}
    files = {"input_data": http_browser.files_of(data)} if data else None
    run = session.browser.submit(path, lambda form: "compute" in form.choices, values, files)["run"]
    session.report(
        f"Queued {RECIPE}, {epochs} epochs, {f'MNIST from {data}' if data else 'the bundled digits'}: {run['name']}"
    )
    page = _follow(session, run["url"])
    run = page["run"]
    session.seconds["train"] = time.monotonic() - began
    if run["status"] != "Completed":
        raise Problem(f"The run ended as {run['status']}: {polling.sentence(run['error'])} Its log is on {run['url']}.")
    return dict(run)


def register_version(session: DemoSession, run: dict[str, Any]) -> dict[str, Any]:
    """Register the run's model as a new version."""
    answer = session.browser.submit(f"/models/register/{run['id']}/", lambda form: "name" in form.fields)
    path = answer["model_version"]["url"]
    page = polling.wait_until(
        session, path, "operation", lambda page: page["model_version"]["state"] == "ready", STEP_MINUTES
    )
    version: dict[str, Any] = page["model_version"]
    accuracy = version["metrics"].get(version["main_metric"])
    session.report(
        f"Registered {version['name']} version {version['version']}: {version['main_metric']} {accuracy:.4f}"
    )
    return version


def deploy(session: DemoSession, version: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Deploy the version to the demo's endpoint and give it all traffic. The endpoint, and the deployment's name."""
    began = time.monotonic()
    known = {row["name"]: row for row in session.browser.read("/endpoints/")["rows"]}
    to = {"endpoint": known[ENDPOINT]["id"]} if ENDPOINT in known else {"endpoint_name": ENDPOINT}
    answer = session.browser.submit(
        f"/endpoints/deploy/?version={version['id']}", lambda form: "instance_count" in form.fields, to
    )
    path = answer["endpoint"]["url"]
    name = _newest(answer["endpoint"], version)
    session.report(f"Deploying {version['name']}:{version['version']} to {ENDPOINT} as {name}")
    page = polling.wait_until(session, path, "operation", lambda page: _is_serving(page, name), DEPLOY_MINUTES)
    if _traffic(page, name) != 100:
        deployment = next(row["id"] for row in page["endpoint"]["deployments"] if row["name"] == name)
        session.browser.submit(path, lambda form: form.fields.get("all_to") == deployment)
        page = polling.wait_until(session, path, "operation", lambda page: _traffic(page, name) == 100, STEP_MINUTES)
    session.seconds["deploy"] = time.monotonic() - began
    page = _retire(session, path, name)
    session.report(f"{ENDPOINT} answers on {page['endpoint']['scoring_uri']}, all traffic to {name}")
    endpoint: dict[str, Any] = page["endpoint"]
    return endpoint, name


def predict(
    session: DemoSession, endpoint: dict[str, Any], version: dict[str, Any]
) -> tuple[dict[str, Any], str, bytes]:
    """Upload a held-back digit. The answer, the right label, and the PNG."""
    sample = max(version["samples"], key=lambda row: row["label"] == "7")
    png = session.browser.bytes(sample["url"])
    path = f"/predict/{endpoint['id']}/"
    began = time.monotonic()
    answer = session.browser.submit(
        path, lambda form: "image" in form.files, files={"image": [(f"digit-{sample['label']}.png", png)]}
    )["prediction"]
    session.seconds["predict"] = time.monotonic() - began
    top = ", ".join(f"{label} {probability:.1%}" for label, probability in answer["top"][:3])
    verdict = "right" if answer["top"][0][0] == sample["label"] else f"WRONG, it is a {sample['label']}"
    session.report(f"A held-back {sample['label']}: {top} in {answer['latency_ms']:.0f} ms: {verdict}")
    return answer, sample["label"], png


def _follow(session: DemoSession, path: str) -> dict[str, Any]:
    """Show status changes, log lines and the first metric point until the run is final and its log is whole."""
    shown, offset, has_metric, grown = 0, 0, False, time.monotonic()
    give_up = time.monotonic() + TRAIN_MINUTES * 60
    while time.monotonic() < give_up:
        page = session.browser.read(path)
        changes = page["run"]["status_changes"]
        for change in changes[shown:]:
            session.report(f"  {change['status']}")
        shown = len(changes)
        polling.raise_failure(page, "operation")
        if not has_metric:
            has_metric = _report_first_metric(session, path)
        log = session.browser.read(f"{path}log/?offset={offset}")
        for line in log["text"].splitlines():
            say(f"             | {line}")
        grown = time.monotonic() if log["text"] else grown
        offset = log["next_offset"]
        if page["run"]["is_final"] and time.monotonic() - grown > LOG_TAIL_SECONDS:
            return page
        time.sleep(polling.POLL_SECONDS)
    raise Problem(f"The run has not ended within {TRAIN_MINUTES} minutes; it goes on without the demo.")


def _report_first_metric(session: DemoSession, path: str) -> bool:
    series = [line for line in session.browser.read(f"{path}metrics/")["series"] if line["points"]]
    if not series:
        return False
    line = max(series, key=lambda line: line["key"] == "val_accuracy")
    step, value = line["points"][0][:2]
    session.report(
        f"  first point on the page: {line['key']} {value:.4f} of epoch {step}; {len(line['points'])} seen so far"
    )
    return True


def _retire(session: DemoSession, path: str, name: str) -> dict[str, Any]:
    """Delete the deployments of earlier demos but the latest of them, to go back to: each is a running server."""
    page = session.browser.read(path)
    idle = [row for row in page["endpoint"]["deployments"] if row["name"] != name and row["model_version"]]
    idle.sort(key=lambda row: int(row["model_version"]["version"]))
    for row in idle[:-1]:
        session.report(f"Deleting the deployment {row['name']} of an earlier demo")
        session.browser.submit(path, _posts_to(f"/deployments/{row['id']}/delete/"))
        page = polling.wait_until(session, path, "operation", lambda page: page["operation"]["is_final"], STEP_MINUTES)
    return page


def _posts_to(end: str) -> Callable[[Form], bool]:
    return lambda form: form.action.endswith(end)


def _newest(endpoint: dict[str, Any], version: dict[str, Any]) -> str:
    """The deployment of this version, which is new."""
    names = [row["name"] for row in endpoint["deployments"] if (row["model_version"] or {}).get("id") == version["id"]]
    if not names:
        raise Problem(f"The endpoint's page does not show the new deployment of version {version['version']}.")
    return str(names[0])


def _is_serving(page: dict[str, Any], name: str) -> bool:
    states = {row["name"]: row["state"] for row in page["endpoint"]["deployments"]}
    return states.get(name) == "ready" and page["operation"]["state"] == "succeeded"


def _traffic(page: dict[str, Any], name: str) -> int:
    return int(next((row["traffic"] for row in page["endpoint"]["deployments"] if row["name"] == name), 0))
