"""By REST with the same identity, because the SDK has no call that does not block: the status of an operation, a run's
details, log bytes by range, MLflow metrics. Nothing else is read this way, nothing is ever changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from ops.azure import edge, sdk, words, workspaces
from ops.azure.connections import Connection
from ops.azure.edge import translate
from ops.azure.errors import AzureFailed, AzureNotFound, AzureRejected
from ops.azure.facts import LastValue, Point, PollFacts, PollStatus, RunDetails

TIMEOUT = (sdk.CONNECT_SECONDS, sdk.READ_SECONDS)
RUNS_A_SEARCH = 100
POINTS_A_PAGE = 25_000
MOST_EXPERIMENT_IDS = 10_000


@translate()
def poll(connection: Connection, url: str) -> PollFacts:
    """One look at a long-running operation, at the URL a begin_… function returned. Its failure is no error here.

    Raises AzureNotFound when Azure has forgotten the operation, AzureRejected for a URL that is not ARM's.
    """
    if urlsplit(url)[:2] != urlsplit(connection.cloud.arm_url)[:2]:
        raise AzureRejected("ForeignUrl", "That is not an address of Azure's control plane.")
    answer = _ask(connection, "GET", url)
    content = _content(answer) if answer.content else {}
    error = content.get("error") or {}
    return PollFacts(
        status=_status(answer, content),
        error_code=words.text(error.get("code")),
        error_message=edge.whole_message(error),
        retry_after_seconds=edge.retry_after(answer.headers),
    )


@translate()
def run_details(connection: Connection, run_name: str) -> RunDetails:
    """Times, failure, log files and warnings of a run. Raises AzureNotFound while run history does not know it yet."""
    url = f"{_history_url(connection)}/history/v1.0{connection.target.arm_id}/runs/{quote(run_name)}/details"
    found = _content(_ask(connection, "GET", url))
    error = (found.get("error") or {}).get("error") or {}
    return RunDetails(
        status=words.text(found.get("status")),
        started_at=words.time(found.get("startTimeUtc")),
        ended_at=words.time(found.get("endTimeUtc")),
        error_code=words.text(error.get("code")),
        error_message=edge.whole_message(error),
        log_files={str(name): str(address) for name, address in (found.get("logFiles") or {}).items()},
        warnings=tuple(words.text(warning.get("message")) for warning in found.get("warnings") or []),
    )


@translate()
def read_log(connection: Connection, url: str, offset: int, limit: int) -> bytes:
    """At most `limit` bytes of a log from `offset` on; b"" when there are no more yet. `url` is one of `log_files`.

    Signed URLs run out after some hours: AzureDenied then means that `run_details` has a new one.
    """
    wanted = {"Range": f"bytes={offset}-{offset + limit - 1}"}
    with connection.http.get(url, headers=wanted, timeout=TIMEOUT, stream=True, allow_redirects=False) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            return b""
        if not answer.ok:
            raise edge.from_answer(answer.status_code, answer.headers, answer.text)
        # A server may ignore the range and send everything.
        skipped = 0 if answer.status_code == requests.codes.partial_content else offset
        found = bytearray()
        for piece in answer.iter_content(64 * 1024):
            found += piece
            if len(found) >= skipped + limit:
                break
        return bytes(found[skipped : skipped + limit])


@translate()
def search_metrics(connection: Connection, run_names: Collection[str]) -> dict[str, dict[str, LastValue]]:
    """The last value of every metric of these runs, by run and key; one call for up to 100 runs once they are known.

    A run that MLflow does not know yet is left out. Runs are searched for inside experiments, so a run's first time
    costs a call of its own that tells which experiment it is in.
    """
    found: dict[str, dict[str, LastValue]] = {}
    for name in run_names:
        if name not in connection.experiment_ids:
            found |= _get_run(connection, name)
    rest = [name for name in run_names if name not in found and name in connection.experiment_ids]
    for start in range(0, len(rest), RUNS_A_SEARCH):
        found |= _search(connection, rest[start : start + RUNS_A_SEARCH])
    return found


@translate()
def metric_history(connection: Connection, run_name: str, key: str, after_position: int = 0) -> list[Point]:
    """The points of one metric in the order they were logged, without the first `after_position`; all pages are read.

    MLflow has no "since": ask only for what `search_metrics` saw moving.
    """
    points = [
        Point(int(entry.get("step") or 0), words.number(entry["value"]), words.milliseconds(entry["timestamp"]))
        for entry in _history_entries(connection, run_name, key)
    ]
    return points[after_position:]


def _history_entries(connection: Connection, run_name: str, key: str) -> Iterator[dict[str, Any]]:
    asked = {"run_id": run_name, "run_uuid": run_name, "metric_key": key, "max_results": str(POINTS_A_PAGE)}
    while True:
        page = _mlflow(connection, "GET", "metrics/get-history", params=asked)
        yield from page.get("metrics") or []
        if not page.get("next_page_token"):
            return
        asked["page_token"] = page["next_page_token"]


def _get_run(connection: Connection, name: str) -> dict[str, dict[str, LastValue]]:
    try:
        run = _mlflow(connection, "GET", "runs/get", params={"run_id": name, "run_uuid": name})["run"]
    except AzureNotFound:
        return {}
    if len(connection.experiment_ids) >= MOST_EXPERIMENT_IDS:
        connection.experiment_ids.clear()
    connection.experiment_ids[name] = str(run["info"]["experiment_id"])
    return {name: _last_values(run)}


def _search(connection: Connection, names: list[str]) -> dict[str, dict[str, LastValue]]:
    asked = {
        "experiment_ids": sorted({connection.experiment_ids[name] for name in names}),
        "filter": f"attributes.run_id IN ({', '.join(repr(name) for name in names)})",
        "max_results": len(names),
    }
    runs = _mlflow(connection, "POST", "runs/search", body=asked).get("runs") or []
    return {str(run["info"]["run_id"]): _last_values(run) for run in runs}


def _last_values(run: Mapping[str, Any]) -> dict[str, LastValue]:
    return {
        entry["key"]: LastValue(
            words.number(entry["value"]), int(entry.get("step") or 0), words.milliseconds(entry["timestamp"])
        )
        for entry in (run.get("data") or {}).get("metrics") or []
    }


def _mlflow(
    connection: Connection,
    method: str,
    call: str,
    params: Mapping[str, str] | None = None,
    body: object = None,
) -> dict[str, Any]:
    """MLflow's REST API, at the https address that azureml-mlflow makes of the workspace's azureml:// tracking URI."""
    uri = workspaces.known(connection).mlflow_tracking_uri
    place = uri.replace("azureml://", "https://", 1).replace("/mlflow/v1.0", "/mlflow/v2.0").rstrip("/")
    return _content(_ask(connection, method, f"{place}/api/2.0/mlflow/{call}", params, body))


def _history_url(connection: Connection) -> str:
    """Where run history is: the workspace's discovery URL tells, read once for each connection and without a token."""
    if not connection.history_url:
        url = workspaces.known(connection).discovery_url
        answer = connection.http.get(url, timeout=TIMEOUT, allow_redirects=False)
        if not answer.ok:
            raise edge.from_answer(answer.status_code, answer.headers, answer.text)
        connection.history_url = str(_content(answer)["api"]).rstrip("/")
    return connection.history_url


def _ask(
    connection: Connection, method: str, url: str, params: Mapping[str, str] | None = None, body: object = None
) -> requests.Response:
    headers = connection.authorization()
    answer = connection.http.request(
        method, url, params=params, json=body, headers=headers, timeout=TIMEOUT, allow_redirects=False
    )
    if not answer.ok:
        raise edge.from_answer(answer.status_code, answer.headers, answer.text)
    return answer


def _content(answer: requests.Response) -> dict[str, Any]:
    content = answer.json()
    if not isinstance(content, dict):
        raise AzureFailed("UnreadableAnswer", f"Azure answered with a {type(content).__name__}, not with an object.")
    return content


def _status(answer: requests.Response, content: Mapping[str, Any]) -> PollStatus:
    """By ARM's rules: a status, else the resource's own state, else 202 while it runs and 200 or 204 at the end."""
    stated = content.get("status") or (content.get("properties") or {}).get("provisioningState")
    if stated:
        return words.poll_status(stated)
    return "running" if answer.status_code == requests.codes.accepted else "succeeded"
