"""Bad input gets a clear sentence, and nothing that was typed or trained is lost."""

import math
import struct
import zlib

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import browsers, walks
from tests.journeys.conftest import Visit
from tests.journeys.furnishing import Places, api_path

pytestmark = [pytest.mark.slow, pytest.mark.browser]
MEGABYTE = 1024 * 1024


def idx(magic: int, *shape: int, value: int = 0) -> bytes:
    """MNIST's file format: big-endian magic number and sizes, then bytes, here all the same."""
    return struct.pack(f">{1 + len(shape)}I", magic, *shape) + bytes([value]) * math.prod(shape)


def test_a_training_script_that_raises_fails_with_a_sentence_and_its_traceback(owner: Page) -> None:
    """Well-formed files in which every picture is called a 200: training raises in the first step."""
    files = {
        "train-images-idx3-ubyte": idx(0x803, 200, 28, 28),
        "train-labels-idx1-ubyte": idx(0x801, 200, value=200),
        "t10k-images-idx3-ubyte": idx(0x803, 50, 28, 28),
        "t10k-labels-idx1-ubyte": idx(0x801, 50, value=200),
    }
    given = [{"name": n, "mimeType": "application/octet-stream", "buffer": data} for n, data in files.items()]
    owner.goto("/jobs/new/mnist-keras/")
    owner.locator("[name=display_name]").fill("Broken data")
    owner.set_input_files("[name=input_data]", given)
    owner.get_by_role("button", name="Queue the job").click()
    expect(owner.get_by_role("heading", level=1, name="Broken data")).to_be_visible()
    expect(walks.badge(owner)).to_contain_text("Failed", timeout=walks.TRAIN_MS)
    expect(owner.locator("#live").get_by_role("alert")).to_contain_text("The training script", timeout=walks.TRAIN_MS)
    expect(owner.locator(".log-line", has_text="Traceback (most recent call last)").first).to_be_visible()
    expect(owner.locator("#facts")).not_to_contain_text("–")
    expect(owner.get_by_role("link", name="Register model")).to_have_count(0)
    expect(owner.get_by_role("button", name="Retry")).to_be_visible()
    owner.goto("/")
    expect(owner.get_by_role("region", name="Needs a look")).to_contain_text("Broken data")


def test_a_workspace_that_does_not_exist_is_named_in_a_sentence(owner: Page) -> None:
    owner.goto("/workspaces/register/")
    owner.get_by_label("Cloud").select_option(value="local")
    owner.get_by_label("Subscription id").fill("00000000-0000-0000-0000-000000000001")
    owner.get_by_label("Resource group").fill("amlocal")
    owner.get_by_label("Workspace name").fill("no-such-place")
    owner.get_by_role("button", name="Register and test the connection").click()
    expect(owner.get_by_role("heading", level=1, name="no-such-place")).to_be_visible()
    expect(owner.get_by_role("alert").first).to_be_visible(timeout=walks.OPERATION_MS)
    expect(owner.get_by_role("alert").first).to_contain_text("no-such-place")
    owner.get_by_label("More actions").click()
    owner.get_by_role("button", name="Unregister").click()
    walks.confirm(owner)
    expect(owner.get_by_role("heading", level=1, name="Workspaces")).to_be_visible()
    expect(owner.get_by_role("link", name="no-such-place")).to_have_count(0)


def test_a_config_that_is_no_json_keeps_the_text(owner: Page) -> None:
    owner.goto("/workspaces/register/")
    owner.get_by_label("Paste config.json").fill("{ not json")
    owner.get_by_role("button", name="Register and test the connection").click()
    expect(owner.locator(".form-error").first).to_contain_text("no JSON")
    expect(owner.get_by_label("Paste config.json")).to_have_value("{ not json")


def test_an_endpoint_name_that_is_none_keeps_the_form(owner: Page, places: Places) -> None:
    owner.goto(f"/endpoints/deploy/?version={places.version.rstrip('/').rpartition('/')[2]}")
    owner.get_by_label("Name of the new endpoint").fill("9 lives!")
    owner.get_by_label("Instances", exact=True).fill("2")
    owner.get_by_role("button", name="Deploy", exact=True).click()
    expect(owner.locator(".form-error").first).to_be_visible()
    expect(owner.get_by_label("Name of the new endpoint")).to_have_value("9 lives!")
    expect(owner.get_by_label("Instances", exact=True)).to_have_value("2")


def huge_png(side: int) -> bytes:
    """A black, valid PNG of side × side pixels with one bit each; a few kilobytes of file."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    pixels = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def sample(places: Places) -> bytes:
    return places.owner.download(places.samples[0]["url"])


def bad_files(sample: bytes) -> dict[str, tuple[bytes, str]]:
    """Name → the file's bytes, and a word of the sentence that must come."""
    return {
        "empty.png": (b"", "empty"),
        "words.png": (b"I am no image at all", "image"),
        "cut.png": (sample[: len(sample) // 2], "image"),
        "huge.png": (huge_png(40_000), "pixels"),
        "heavy.png": (sample + bytes(50 * MEGABYTE), "20.0\u00a0MB"),
    }


@pytest.mark.parametrize("name", ["empty.png", "words.png", "cut.png", "huge.png", "heavy.png"])
def test_a_bad_upload_is_a_sentence_and_the_next_one_works(
    visit: Visit, places: Places, sample: bytes, name: str
) -> None:
    """As a plain form, so that the server judges, not the page's script."""
    data, word = bad_files(sample)[name]
    page, _watch = visit(java_script_enabled=False)
    walks.sign_in(page)
    page.goto(places.predict)
    page.set_input_files("input[name=image]", browsers.as_files(name, data))
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.locator("#answer").get_by_role("alert")).to_contain_text(word)
    walks.predicted(page, page.locator("[data-sample]").first.click)


def test_the_page_refuses_a_heavy_file_before_it_is_sent(owner: Page, places: Places, sample: bytes) -> None:
    owner.goto(places.predict)
    sent: list[str] = []
    owner.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    owner.set_input_files("input[name=image]", browsers.as_files("heavy.png", sample + bytes(50 * MEGABYTE)))
    expect(owner.locator("[data-drop-problem]")).to_be_visible()
    assert not sent


def test_an_endpoint_that_is_away_is_a_sentence(owner: Page, places: Places) -> None:
    """A deployment asked for by name that does not exist, posted by hand."""
    owner.goto(places.predict)
    answer = owner.context.request.post(
        f"/api/v1/{api_path(places.predict)}",
        headers={
            "X-CSRFToken": owner.evaluate("JSON.parse(document.body.getAttribute('hx-headers'))['X-CSRFToken']"),
            "Referer": owner.url,
        },
        multipart={"sample": places.samples[0]["id"], "deployment": "nobody"},
    )
    assert answer.status == 422
    assert "deployment" in answer.json()["fields"]
