"""What jobs are given and leave behind: outputs at places of their own, outputs that become assets, public data."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.ai.ml import Input, MLClient, Output, load_job
from azure.ai.ml.entities import Data

from tests.amlocal.jobs_at_work import ENVIRONMENT, await_end, submit

PUBLIC = {"/box/set/a.csv": b"1,2", "/box/set/deep/b.csv": b"3,4", "/box/other.csv": b"5"}


class Public(BaseHTTPRequestHandler):
    """A public blob container: files, and a list of two pages."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        content = PUBLIC.get(parts.path)
        if query.get("comp") == "list":
            names = sorted(path.removeprefix("/box/") for path in PUBLIC if path.startswith("/box/" + query["prefix"]))
            page, following = (names[1:], "") if query["marker"] else (names[:1], "2")
            blobs = "".join(f"<Blob><Name>{name}</Name></Blob>" for name in page)
            content = f"<Blobs>{blobs}</Blobs><NextMarker>{following}</NextMarker>".encode()
        self.send_response(404 if content is None else 200)
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def public() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Public)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def content_of(client: MLClient, job: str, output: str, folder: Path) -> dict[str, str]:
    client.jobs.download(job, output_name=output, download_path=folder)
    return {file.name: file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_outputs_lie_where_the_job_asks(ml_client: MLClient, tmp_path: Path, name: str) -> None:
    store = "azureml://datastores/workspaceblobstore/paths"
    outputs = {
        "folder": Output(type="uri_folder", path=f"{store}/{name}/made", mode="upload"),
        "file": Output(type="uri_file", path=f"{store}/{name}/${{{{name}}}}/one.txt", mode="rw_mount"),
        "untouched": Output(type="uri_folder"),
        "direct": Output(type="uri_folder", path=f"{store}/{name}/direct/", mode="direct"),
    }
    line = "echo F > ${{outputs.folder}}/f.txt && echo O > ${{outputs.file}} && echo ${{outputs.direct}}"
    job = submit(ml_client, None, line, outputs=outputs)
    ended = await_end(ml_client, job.name)
    assert ended.status == "Completed"
    assert ended.outputs["folder"].path.endswith(f"/{name}/made")
    assert ended.outputs["file"].path.endswith(f"/{name}/{job.name}/one.txt")
    assert content_of(ml_client, job.name, "folder", tmp_path / "a") == {"f.txt": "F\n"}
    made = ml_client.data.create_or_update(
        Data(name=name, version="1", type="uri_file", path=f"{store}/{name}/{job.name}/one.txt")
    )
    read = submit(ml_client, None, "grep O ${{inputs.x}}", inputs={"x": Input(type="uri_file", path=made.id)})
    assert await_end(ml_client, read.name).status == "Completed"


def test_named_outputs_become_assets(ml_client: MLClient, tmp_path: Path, name: str) -> None:
    outputs = {
        "table": Output(type="uri_folder", name=f"{name}-table"),
        "again": Output(type="uri_file", name=f"{name}-file", version="7"),
        "model": Output(type="mlflow_model", name=f"{name}-model"),
    }
    line = (
        "echo T > ${{outputs.table}}/t.txt && echo A > ${{outputs.again}} && "
        "printf 'flavors:\\n  python_function:\\n    loader_module: m\\n' > ${{outputs.model}}/MLmodel"
    )
    first = submit(ml_client, None, line, outputs=outputs)
    assert await_end(ml_client, first.name).status == "Completed"
    assert content_of(ml_client, first.name, "model", tmp_path).keys() == {"MLmodel"}
    table = ml_client.data.get(f"{name}-table", label="latest")
    assert (table.version, table.type) == ("1", "uri_folder")
    assert ml_client.data.get(f"{name}-file", version="7").type == "uri_file"
    model = ml_client.models.get(f"{name}-model", version="1")
    assert (model.type, model.job_name) == ("mlflow_model", first.name)
    assert model.flavors == {"python_function": {"loader_module": "m"}}
    used = submit(
        ml_client, None, "cat ${{inputs.t}}/t.txt ${{inputs.m}}/MLmodel",
        inputs={
            "t": Input(type="uri_folder", path=f"azureml:{name}-table:1"),
            "m": Input(type="mlflow_model", path=f"azureml:{name}-model:1"),
        },
    )  # fmt: skip
    assert await_end(ml_client, used.name).status == "Completed"


def test_a_version_that_is_taken_fails_the_job(ml_client: MLClient, name: str) -> None:
    for wanted in ("Completed", "Failed"):
        outputs = {"x": Output(type="uri_folder", name=name, version="1")}
        job = submit(ml_client, None, "echo x > ${{outputs.x}}/x", outputs=outputs)
        assert await_end(ml_client, job.name).status == wanted


def test_public_files_and_folders_are_fetched(ml_client: MLClient, public: str) -> None:
    job = submit(
        ml_client, None, "ls -R ${{inputs.set}} && cat ${{inputs.one}} && cat ${{inputs.set}}/deep/b.csv",
        inputs={
            "one": Input(type="uri_file", path=f"{public}/box/other.csv"),
            "set": Input(type="uri_folder", path=f"{public}/box/set/"),
        },
    )  # fmt: skip
    assert await_end(ml_client, job.name).status == "Completed"
    missing = submit(ml_client, None, "true", inputs={"x": Input(type="uri_file", path=f"{public}/box/none.csv")})
    assert await_end(ml_client, missing.name).status == "Failed"


def test_data_registered_where_it_lies_is_fetched_from_there(ml_client: MLClient, public: str, name: str) -> None:
    file = ml_client.data.create_or_update(Data(name=name, path=f"{public}/box/other.csv", type="uri_file"))
    folder = ml_client.data.create_or_update(Data(name=f"{name}-set", path=f"{public}/box/set/", type="uri_folder"))
    job = submit(
        ml_client, None, "grep 5 ${{inputs.file}} && grep 3,4 ${{inputs.set}}/deep/b.csv",
        inputs={
            "file": Input(type="uri_file", path=file.id),
            "set": Input(type="uri_folder", path=f"azureml:{folder.name}:1"),
        },
    )  # fmt: skip
    assert await_end(ml_client, job.name).status == "Completed"


def test_a_direct_input_is_an_address_that_can_be_opened(ml_client: MLClient, tmp_path: Path, name: str) -> None:
    (tmp_path / "x.txt").write_text("x")
    data = ml_client.data.create_or_update(Data(name=name, path=str(tmp_path), type="uri_folder"))
    inputs = {
        "asset": Input(type="uri_folder", path=data.id, mode="direct"),
        "short": Input(type="uri_folder", path="azureml://datastores/workspaceblobstore/paths/a/", mode="direct"),
        "web": Input(type="uri_file", path="https://example.org/data/x/versions/1", mode="direct"),
    }
    line = "echo ${{inputs.asset}} ${{inputs.short}} ${{inputs.web}} ${{outputs.out}} > outputs/said"
    job = submit(ml_client, None, line, inputs=inputs, outputs={"out": Output(type="uri_folder", mode="direct")})
    assert await_end(ml_client, job.name).status == "Completed"
    ml_client.jobs.download(job.name, download_path=tmp_path / "got")
    asset, short, web, out = next((tmp_path / "got").rglob("said")).read_text().split()
    start = "azureml://subscriptions/"
    assert (asset.startswith(start), "/LocalUpload/" in asset) == (True, True)
    assert (short.startswith(start), short.endswith("/datastores/workspaceblobstore/paths/a/")) == (True, True)
    assert (web, out.startswith(start)) == ("https://example.org/data/x/versions/1", True)
    missing = Input(type="uri_folder", path=f"{data.id[:-1]}9", mode="direct")
    failed = submit(ml_client, None, "true", inputs={"x": missing})
    assert await_end(ml_client, failed.name).status == "Failed"


def test_a_job_written_as_yaml_runs_unchanged(ml_client: MLClient, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.sh").write_text('test "$WORD" = hello && cat "$1"/* && echo done > "$2"/done.txt\n')
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("A")
    (tmp_path / "job.yml").write_text(
        "$schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json\n"
        "command: |\n  bash main.sh ${{inputs.folder}} ${{outputs.kept}}\n"
        "code: src\n"
        "inputs:\n  folder:\n    type: uri_folder\n    path: data\n    mode: ro_mount\n"
        "outputs:\n  kept:\n"
        f"environment: {ENVIRONMENT}\n"
        "environment_variables:\n  WORD: hello\n"
        "compute: azureml:cpu-cluster\n"
        "tags:\n  hello: world\n"
        "display_name: by-yaml\nexperiment_name: by-yaml\ndescription: Words.\n"
    )
    job = ml_client.jobs.create_or_update(load_job(tmp_path / "job.yml"))
    assert await_end(ml_client, job.name).status == "Completed"
    read = ml_client.jobs.get(job.name)
    assert (read.display_name, read.tags, read.description) == ("by-yaml", {"hello": "world"}, "Words.")
    assert content_of(ml_client, job.name, "kept", tmp_path / "down") == {"done.txt": "done\n"}
