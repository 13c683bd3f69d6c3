"""The blob service, driven by the unmodified azure-storage-blob."""

from __future__ import annotations

import base64
import datetime
import hashlib
import os
import uuid
from pathlib import Path

import pytest
import requests
from azure.ai.ml import MLClient
from azure.core import MatchConditions
from azure.core.credentials import TokenCredential
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import (
    AccountSasPermissions,
    BlobPrefix,
    BlobServiceClient,
    ContainerClient,
    ContentSettings,
    ResourceTypes,
    generate_account_sas,
    generate_blob_sas,
    generate_container_sas,
)

from tests.amlocal import accounts
from tests.amlocal_server import AmlocalServer


@pytest.fixture(scope="module")
def account(ml_client: MLClient, amlocal_server: AmlocalServer) -> tuple[str, str, str]:
    """(URL, name as the SDK signs with it, key) of the first workspace's storage account."""
    store = ml_client.datastores.get("workspaceblobstore")
    url = f"https://{store.account_name}.blob.core.local"
    return url, str(store.account_name), accounts.read_key(ml_client, amlocal_server)


@pytest.fixture(scope="module")
def service(account: tuple[str, str, str]) -> BlobServiceClient:
    # Small limits, so that uploads go through blocks and downloads through ranges without large files.
    limits = {"max_single_put_size": 256 * 1024, "max_block_size": 100 * 1024, "max_single_get_size": 64 * 1024}
    return BlobServiceClient(account[0], credential=account[2], max_chunk_get_size=64 * 1024, retry_total=0, **limits)


@pytest.fixture
def container(service: BlobServiceClient) -> ContainerClient:
    return service.create_container(f"test-{uuid.uuid4().hex[:10]}")


@pytest.mark.parametrize("size", [0, 1, 1000, 256 * 1024, 300 * 1024, 1024 * 1024 + 7])
def test_what_goes_in_comes_out(container: ContainerClient, size: int) -> None:
    content = os.urandom(size)
    client = container.upload_blob(f"folder/{size}.bin", content)
    assert client.download_blob().readall() == content
    assert client.get_blob_properties().size == size


def test_a_part_can_be_read(container: ContainerClient) -> None:
    client = container.upload_blob("part", bytes(range(200)))
    assert client.download_blob(offset=10, length=5).readall() == bytes(range(10, 15))
    assert client.download_blob(offset=195).readall() == bytes(range(195, 200))


def test_a_blob_is_not_overwritten_unless_told_so(container: ContainerClient) -> None:
    client = container.upload_blob("once", b"first")
    with pytest.raises(ResourceExistsError):
        client.upload_blob(b"second")
    client.upload_blob(b"third", overwrite=True)
    assert client.download_blob().readall() == b"third"


def test_a_changed_blob_is_noticed(container: ContainerClient) -> None:
    client = container.upload_blob("etag", b"first")
    etag = client.get_blob_properties().etag
    client.upload_blob(b"second", overwrite=True)
    with pytest.raises(ResourceModifiedError):
        client.download_blob(etag=etag, match_condition=MatchConditions.IfNotModified)


def test_metadata_and_type_are_kept(container: ContainerClient) -> None:
    client = container.upload_blob(
        "meta", b"x", metadata={"name": "a", "up_load": "b"}, content_settings=ContentSettings(content_type="text/x-y")
    )
    found = client.get_blob_properties()
    assert found.metadata == {"name": "a", "up_load": "b"}
    assert found.content_settings.content_type == "text/x-y"
    assert found.content_settings.content_md5 == hashlib.md5(b"x").digest()
    client.set_blob_metadata({"other": "c"})
    assert client.get_blob_properties().metadata == {"other": "c"}
    assert [blob.metadata for blob in container.list_blobs(include="metadata")] == [{"other": "c"}]


def test_listing_crosses_pages(container: ContainerClient) -> None:
    names = [f"a/{number:03}.txt" for number in range(25)] + ["b/x", "c"]
    for name in names:
        container.upload_blob(name, b"1")
    assert [blob.name for blob in container.list_blobs(results_per_page=10)] == names
    assert [blob.name for blob in container.list_blobs(name_starts_with="a/02", results_per_page=2)] == names[20:25]


def test_listing_by_folder(container: ContainerClient) -> None:
    for name in ("a/1", "a/2", "a/b/3", "c", "d/e/4", "z & <b>/5"):
        container.upload_blob(name, b"1")
    # The SDK itself puts the folders of a page first.
    found = sorted((item.name, isinstance(item, BlobPrefix)) for item in container.walk_blobs())
    assert found == [("a/", True), ("c", False), ("d/", True), ("z & <b>/", True)]
    assert sorted(item.name for item in container.walk_blobs("a/")) == ["a/1", "a/2", "a/b/"]
    assert len([item for page in container.walk_blobs(results_per_page=1).by_page() for item in page]) == 4


@pytest.mark.parametrize("name", ["with space.txt", "ünï/cödé.txt", "per%cent", "plus+and&=?#.txt", "quote'\"", "end/"])
def test_names_are_kept_exactly(container: ContainerClient, name: str) -> None:
    container.upload_blob(name, b"content")
    assert container.get_blob_client(name).download_blob().readall() == b"content"
    assert [blob.name for blob in container.list_blobs()] == [name]


def test_deleting(container: ContainerClient) -> None:
    container.upload_blob("gone", b"1")
    container.delete_blob("gone")
    assert not container.get_blob_client("gone").exists()
    with pytest.raises(ResourceNotFoundError):
        container.delete_blob("gone")


def test_missing_things_have_storages_own_codes(service: BlobServiceClient, container: ContainerClient) -> None:
    with pytest.raises(ResourceNotFoundError) as blob:
        container.get_blob_client("nothing").download_blob()
    assert blob.value.error_code == "BlobNotFound"
    with pytest.raises(ResourceNotFoundError) as missing:
        list(service.get_container_client("nothing-here").list_blobs())
    assert missing.value.error_code == "ContainerNotFound"
    with pytest.raises(ResourceExistsError):
        service.create_container(container.container_name)


def test_signatures_open_what_they_say_and_no_more(account: tuple[str, str, str], container: ContainerClient) -> None:
    url, spelled, key = account
    container.upload_blob("one", b"1")
    container.upload_blob("two", b"2")
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=5)
    name = container.container_name
    readable = generate_container_sas(spelled, name, account_key=key, permission="rl", expiry=soon)
    reader = ContainerClient.from_container_url(f"{url}/{name}?{readable}", retry_total=0)
    assert reader.download_blob("one").readall() == b"1"
    assert len(list(reader.list_blobs())) == 2
    with pytest.raises(HttpResponseError) as write:
        reader.upload_blob("three", b"3")
    assert write.value.error_code == "AuthorizationPermissionMismatch"
    single = generate_blob_sas(spelled, name, "one", account_key=key, permission="r", expiry=soon)
    assert requests.get(f"{url}/{name}/one?{single}", timeout=10).content == b"1"
    assert requests.get(f"{url}/{name}/two?{single}", timeout=10).status_code == 403


def test_an_account_signature_works(account: tuple[str, str, str], container: ContainerClient) -> None:
    url, spelled, key = account
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=5)
    for objects, status in ((True, 201), (False, 403)):
        sas = generate_account_sas(
            spelled, key, ResourceTypes(object=objects, container=True), AccountSasPermissions(write=True), soon
        )
        answer = requests.put(
            f"{url}/{container.container_name}/by-account?{sas}",
            data=b"1",
            headers={"x-ms-blob-type": "BlockBlob"},
            timeout=10,
        )
        assert answer.status_code == status, answer.text


def test_an_old_signature_is_refused(account: tuple[str, str, str], container: ContainerClient) -> None:
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=5)
    url, spelled, key = account
    name = container.container_name
    sas = generate_container_sas(spelled, name, account_key=key, permission="rl", expiry=past)
    assert requests.get(f"{url}/{name}?restype=container&comp=list&{sas}", timeout=10).status_code == 403


def test_a_wrong_key_and_no_key_are_refused(account: tuple[str, str, str], container: ContainerClient) -> None:
    wrong = base64.b64encode(b"x" * 64).decode()
    with pytest.raises(ClientAuthenticationError):
        list(
            BlobServiceClient(account[0], credential=wrong, retry_total=0).get_container_client("azureml").list_blobs()
        )
    assert requests.get(f"{container.url}?restype=container&comp=list", timeout=10).status_code == 401


def test_a_token_for_storage_is_enough(account: tuple[str, str, str], credential: TokenCredential) -> None:
    client = BlobServiceClient(account[0], credential=credential, retry_total=0).get_container_client("azureml")
    assert isinstance(list(client.list_blobs()), list)


@pytest.mark.parametrize("name", ["../out", "a/../../out", "..%2Fout", "a\\..\\out", "x/.."])
def test_a_name_that_climbs_out_is_refused(
    account: tuple[str, str, str], container: ContainerClient, name: str
) -> None:
    """Sent by hand, because the SDK and requests tidy such paths up before they leave."""
    import http.client
    import ssl
    from urllib.parse import quote, urlsplit

    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=5)
    url, spelled, key = account
    sas = generate_container_sas(spelled, container.container_name, account_key=key, permission="rw", expiry=soon)
    parts = urlsplit(url)
    connection = http.client.HTTPSConnection(
        parts.netloc, context=ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"]), timeout=10
    )
    target = f"{parts.path}/{container.container_name}/{quote(name, safe='/%')}?{sas}"
    connection.request("PUT", target, body=b"1", headers={"x-ms-blob-type": "BlockBlob"})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["x-ms-error-code"]) == (400, "InvalidResourceName")
    connection.close()


def test_a_body_that_arrives_damaged_is_refused(container: ContainerClient, account: tuple[str, str, str]) -> None:
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=5)
    url, spelled, key = account
    sas = generate_container_sas(spelled, container.container_name, account_key=key, permission="rw", expiry=soon)
    md5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    answer = requests.put(
        f"{url}/{container.container_name}/damaged?{sas}",
        data=b"this",
        headers={"x-ms-blob-type": "BlockBlob", "Content-MD5": md5},
        timeout=10,
    )
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (400, "Md5Mismatch")
    assert not container.get_blob_client("damaged").exists()


@pytest.mark.extended
def test_a_large_blob_is_never_held_in_memory(
    amlocal_server: AmlocalServer, service: BlobServiceClient, container: ContainerClient, tmp_path: Path
) -> None:
    assert amlocal_server.process is not None
    status = Path(f"/proc/{amlocal_server.process.pid}/status")
    if not status.exists():
        pytest.skip("needs /proc to read the server's memory")
    before = read_peak(status)
    big = BlobServiceClient(
        service.url, credential=service.credential, max_single_put_size=1024**3, max_single_get_size=1024**3
    )
    source = tmp_path / "large"
    with source.open("wb") as file:
        file.truncate(300 * 1024 * 1024)
    client = big.get_blob_client(container.container_name, "large")
    with source.open("rb") as file:
        client.upload_blob(file, length=source.stat().st_size)
    assert client.get_blob_properties().size == source.stat().st_size
    read = sum(len(piece) for piece in client.download_blob().chunks())
    assert read == source.stat().st_size
    # The same in blocks that are sent side by side, as the SDK does.
    blocks = BlobServiceClient(service.url, credential=service.credential, max_block_size=32 * 1024 * 1024)
    with source.open("rb") as file:
        blocks.get_blob_client(container.container_name, "blocks").upload_blob(file, max_concurrency=4)
    assert read_peak(status) - before < 60, "megabytes, for what is under way and what allocators keep"


def read_peak(status: Path) -> float:
    """The most megabytes that were ever resident."""
    found = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(found.split()[1]) / 1024
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    assert int(peak.split()[1]) < 150 * 1024, peak


def send(account: tuple[str, str, str], path: str, method: str = "PUT", **more: object) -> requests.Response:
    """By hand, where the SDK would not let us."""
    headers = {"x-ms-blob-type": "BlockBlob", **more.pop("headers", {})}  # type: ignore[dict-item]
    return requests.request(method, f"{account[0]}/{path}", headers=headers, timeout=10, **more)  # type: ignore[arg-type]


def signed(account: tuple[str, str, str], container: ContainerClient, permission: str, **more: object) -> str:
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=5)
    name = container.container_name
    return generate_container_sas(account[1], name, account_key=account[2], permission=permission, expiry=soon, **more)


def code(answer: requests.Response) -> str:
    return str(answer.headers.get("x-ms-error-code", answer.status_code))


def test_a_signature_is_good_for_its_time_place_and_address_only(
    account: tuple[str, str, str], container: ContainerClient, service: BlobServiceClient
) -> None:
    container.upload_blob("one", b"1")
    path = f"{container.container_name}/one"
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=2)
    good = signed(account, container, "r", ip="127.0.0.0-127.0.0.9")
    assert send(account, f"{path}?{good}", "GET").content == b"1"
    tampered = good.replace("sp=r", "sp=rw")
    other = service.create_container(f"test-{uuid.uuid4().hex[:10]}").container_name
    refusals = {
        f"{path}?{signed(account, container, 'r', start=later)}": "AuthenticationFailed",
        f"{path}?{signed(account, container, 'r', ip='10.0.0.1')}": "AuthorizationSourceIPMismatch",
        f"{path}?{signed(account, container, 'r', ip='nonsense')}": "AuthorizationSourceIPMismatch",
        f"{path}?{tampered}": "AuthenticationFailed",
        f"{path}?{good.replace('sig=', 'Sig=')}&se=2999-01-01": "AuthenticationFailed",
        f"{path}?{good.replace('sr=c', 'sr=b')}": "AuthenticationFailed",
        f"{other}/one?{good}": "AuthenticationFailed",
        f"{container.container_name}?restype=container&comp=list&{good}": "AuthorizationPermissionMismatch",
    }
    assert {target: code(send(account, target, "GET")) for target in refusals} == refusals


def test_a_signature_to_create_is_none_to_write_over(account: tuple[str, str, str], container: ContainerClient) -> None:
    sas = signed(account, container, "c")
    path = f"{container.container_name}/new"
    assert send(account, f"{path}?{sas}", data=b"1").status_code == 201
    assert code(send(account, f"{path}?{sas}", data=b"2")) == "AuthorizationPermissionMismatch"
    assert code(send(account, f"{path}?comp=metadata&{sas}")) == "AuthorizationPermissionMismatch"
    assert code(send(account, f"{container.container_name}?restype=container&{sas}")) == "AuthorizationFailure"


def test_what_cannot_be_read_is_refused_in_storages_words(
    account: tuple[str, str, str], container: ContainerClient
) -> None:
    sas = signed(account, container, "rwl")
    path = f"{container.container_name}/odd"
    utf16 = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x><BlockList/>'.encode("utf-16")
    assert code(send(account, f"{path}?{sas}", data=b"1", headers={"Content-MD5": "?"})) == "InvalidMd5"
    assert code(send(account, f"{path}?comp=blocklist&{sas}", data=utf16)) == "InvalidXmlDocument"
    listing = f"{container.container_name}?restype=container&comp=list&maxresults=%C2%B2&{sas}"
    assert code(send(account, listing, "GET")) == "InvalidParameter"
    bad = {"Authorization": "SharedKey x:y", "x-ms-date": "yesterday"}
    assert code(send(account, path, "GET", headers=bad)) == "AuthenticationFailed"
    # A listing is XML, which has no such characters: one such name would spoil it for all.
    assert code(send(account, f"{container.container_name}/a%01b?{sas}", data=b"1")) == "InvalidResourceName"
    assert list(container.list_blobs()) == []


def test_blocks_are_gone_when_the_blob_is_written_otherwise(container: ContainerClient) -> None:
    client = container.get_blob_client("blocks")
    client.stage_block("YQ==", b"staged")
    client.upload_blob(b"whole")
    with pytest.raises(HttpResponseError) as gone:
        client.commit_block_list(["YQ=="])
    assert gone.value.error_code == "InvalidBlockList"
    assert client.download_blob().readall() == b"whole"
