"""Without a network: public inputs come from a folder of copies, public data sets from the user's own caches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.ai.ml import Input, MLClient
from azure.ai.ml.entities import Job
from azure.identity import ManagedIdentityCredential

from amlocal.storage import downloads
from tests.amlocal.data_plane import DataPlane
from tests.amlocal.jobs_at_work import await_end, submit
from tests.amlocal_server import AmlocalServer

HOST = "nowhere.blob.core.windows.invalid"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[AmlocalServer]:
    """With copies of one container, and a user who has Keras' data sets and a token."""
    container = tmp_path / "copies" / HOST / "sets"
    (container / "deep").mkdir(parents=True)
    (container / "a.csv").write_text("1,2")
    (container / "deep" / "b c.csv").write_text("3,4")
    home = tmp_path / "user"
    for name in (".keras/datasets/mnist.npz", ".cache/huggingface/hub/weights", ".cache/huggingface/token", ".ssh/key"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(name)
    server = AmlocalServer(
        tmp_path / "amlocal", {"AMLOCAL_OFFLINE": str(tmp_path / "copies"), "HOME": str(home), "http_proxy": ""}
    )
    server.start()
    with server.client_environment():
        yield server
    server.stop()


def run(server: AmlocalServer, line: str, **inputs: Input) -> tuple[str, str]:
    """(how the job ended, its log or its error)"""
    env = server.env
    client = MLClient(
        ManagedIdentityCredential(),
        env["AMLOCAL_SUBSCRIPTION_ID"],
        env["AMLOCAL_RESOURCE_GROUP"],
        env["AMLOCAL_WORKSPACE"],
    )
    job: Job = submit(client, None, f"({line}) > outputs/said.txt", inputs=inputs)
    if await_end(client, job.name).status != "Completed":
        return "Failed", DataPlane(server).details(job.name)["error"]["error"]["message"]
    client.jobs.download(job.name, download_path=server.home / job.name, all=True)
    return "Completed", next((server.home / job.name).rglob("said.txt")).read_text()


def test_inputs_come_from_the_folder_of_copies(server: AmlocalServer) -> None:
    ended, said = run(
        server,
        "cat ${{inputs.one}} '${{inputs.deep}}/b c.csv' ${{inputs.all}}/a.csv",
        one=Input(type="uri_file", path=f"https://{HOST}/sets/a.csv?sv=signature"),
        deep=Input(type="uri_folder", path=f"wasbs://sets@{HOST}/deep/"),
        all=Input(type="uri_folder", path=f"abfss://sets@{HOST.replace('.blob.', '.dfs.')}/"),
    )
    assert (ended, said) == ("Completed", "1,23,41,2")
    ended, said = run(server, "true", x=Input(type="uri_file", path=f"https://{HOST}/sets/none.csv?sig=secret"))
    assert ended == "Failed"
    assert "secret" not in said
    assert "none.csv" in said
    assert "copies" in said


def test_a_job_sees_public_caches_and_no_token(server: AmlocalServer) -> None:
    ended, said = run(server, "cat ~/.keras/datasets/mnist.npz; echo; cd; find -L . -type f | sort")
    assert ended == "Completed"
    assert said.split() == [
        ".keras/datasets/mnist.npz",
        "./.cache/huggingface/hub/weights",
        "./.keras/datasets/mnist.npz",
    ]


@pytest.mark.parametrize("path", ["../secret", "%2e%2e/secret", "%2e%2e/%2e%2e/etc/passwd", "link/secret"])
def test_no_url_leads_out_of_the_copies(tmp_path: Path, path: str) -> None:
    host = tmp_path / "copies" / HOST
    host.mkdir(parents=True)
    (tmp_path / "copies" / "secret").write_text("x")
    (host / "link").symlink_to(tmp_path / "copies")
    assert downloads.find_copy(f"https://{HOST}/{path}", tmp_path / "copies") is None


def test_a_missing_folder_of_copies_is_a_clear_error(tmp_path: Path) -> None:
    server = AmlocalServer(tmp_path / "amlocal", {"AMLOCAL_OFFLINE": str(tmp_path / "none")})
    with pytest.raises(RuntimeError, match=r"AMLOCAL_OFFLINE is .* no such folder"):
        server.start()
