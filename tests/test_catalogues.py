"""The catalogues of translations: texts are found as pyproject.toml and script/translate say, and kept whole."""

import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = sorted((ROOT / "locale").rglob("*.po"))
PLACEHOLDER = re.compile(r"%\(\w+\)|{\w+}|#")
BABEL = (sys.executable, "-m", "babel.messages.frontend", "--quiet")


def language_of(path):
    return path.parent.parent.name


def read(path):
    return read_po(BytesIO(path.read_bytes()), locale=language_of(path) if path.suffix == ".po" else None)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Every text of the portal, found with the words of script/translate."""
    script = (ROOT / "script/translate").read_text().replace("\\\n", " ")
    words = re.search(r"^babel (extract .*)$", script, re.M)[1].split()
    target = tmp_path_factory.mktemp("texts") / "django.pot"
    words = [f"--output-file={target}" if word.startswith("--output-file=") else word for word in words]
    subprocess.run([*BABEL, *words], cwd=ROOT, check=True)
    return read(target)


def test_texts_are_found_in_code_and_templates_of_every_package(found):
    assert len(found) > 600
    places = {place.partition("/")[0] for message in found for place, _ in message.locations}
    assert places == {"accounts", "ops", "portal", "scoring", "templates"}
    assert not [message.id for message in found for place, _ in message.locations if "migrations" in place]


@pytest.mark.parametrize(
    "text",
    [
        "Sign in",  # a template
        "Choose a version…",  # gettext_lazy by its own name
        "It serves traffic",  # the message catalogue
        "The file is not an image.",  # an attribute of a partial
        "No image",  # a kind of prediction, which marks its texts without Django
    ],
)
def test_each_kind_of_text_is_among_the_found(found, text):
    assert found.get(text) is not None


def test_the_command_line_finds_what_reading_each_file_finds(found):
    """Nothing that is marked in the code is lost on the way through Babel's patterns."""
    marked = re.compile(r'\b(?:_|gettext|gettext_lazy)\("((?:[^"\\]|\\.)*)"\)')
    sources = [path for package in ("accounts", "ops", "portal", "scoring") for path in (ROOT / package).rglob("*.py")]
    texts = {text for path in sources if "migrations" not in path.parts for text in marked.findall(path.read_text())}
    assert len(texts) > 300
    assert not [text for text in texts if found.get(text.replace('\\"', '"')) is None]


@pytest.mark.parametrize("path", CATALOGUES, ids=language_of)
def test_a_catalogue_has_no_error_that_babel_would_report(path):
    assert [(message.id, str(errors[0])) for message, errors in read(path).check()] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=language_of)
def test_a_translation_keeps_every_placeholder_of_its_text(path):
    for message in read(path):
        text = message.id if isinstance(message.id, str) else (message.id or [""])[0]
        strings = [message.string] if isinstance(message.string, str) else list(message.string)
        for string in filter(None, strings if text else []):
            assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(string)), text
