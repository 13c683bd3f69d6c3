"""Promises of the page layer that can be read from its files: strict CSP, icons that exist, texts in gettext."""

import gettext
import json
import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.template.loader import get_template

from portal import badges, catalogues, vendor
from portal.catalogues import found
from portal.layout import GROUPS

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
MODULES = sorted((ROOT / "static" / "js").glob("*.js"))
TAGS = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.S)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_a_template_has_no_inline_style_script_or_handler(path):
    text = path.read_text()
    assert not re.search(r"\sstyle\s*=", text), "style="
    assert not re.search(r"<style\b", text), "<style>"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text), "an inline handler"
    assert not re.search(r"\bhx-on\b|\bjs:|javascript:", text), "htmx that needs eval"
    for attributes, content in re.findall(r"<script\b(.*?)>(.*?)</script>", text, re.S):
        assert "src=" in attributes
        assert not content.strip()


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_a_template_compiles(path):
    assert get_template(path.relative_to(ROOT / "templates").as_posix())


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_script_writes_no_markup_with_styles_and_evaluates_nothing(path):
    text = path.read_text()
    assert "style=" not in text
    assert not re.search(r"\beval\(|new Function\(", text)
    assert "http://" not in text
    assert "https://" not in text


def test_every_icon_exists():
    pattern = re.compile(r'{% icon "([^"]+)"|\bmark="([^"]+)"|action_icon="([^"]+)"|default:"([a-z0-9-]+)" %}')
    used = {name for path in TEMPLATES for groups in pattern.findall(path.read_text()) for name in groups if name}
    used |= {look.icon for look in badges.LOOKS.values()} | {badges.UNKNOWN.icon}
    used |= {entry.icon for _title, entries in GROUPS for entry in entries}
    assert used
    assert not sorted(used - set(vendor.icons()))


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_every_text_goes_through_gettext(path):
    """What stays of a template without tags, translated blocks and markup must hold no word."""
    text = re.sub(r"{% blocktranslate.*?{% endblocktranslate %}", "", path.read_text(), flags=re.S)
    text = re.sub(r"{% block page_class %}.*?{% endblock %}", "", text)
    text = re.sub(r"<(script|pre|code)\b.*?</\1>", "", text, flags=re.S)
    for attribute, value in re.findall(r'\b(placeholder|aria-label|title|alt)="([^"{]*)"', TAGS.sub("", text)):
        assert not re.search(r"[A-Za-z]{2}", value), f"{attribute}={value}"
    words = re.sub(r"<[^>]*>", " ", TAGS.sub(" ", text))
    words = re.sub(r"&[a-z]+;|\bPortolan\b|\b(ms|kB|MB|GB|s|px|curl|URI|JSON|model\.json|config\.json)\b", " ", words)
    assert not re.findall(r"[A-Za-z]{2,}", words)


def test_the_found_texts_are_more_than_a_few():
    assert len(found()) > 300


def test_a_text_is_found_however_deep_its_line_is_indented(tmp_path, monkeypatch):
    page = "{% load i18n %}\n{% if a %}\n    {% translate 'Deep' %}\n  {% translate 'Less' %}\n{% endif %}\n"
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text(page)
    monkeypatch.setattr(catalogues, "ROOT", tmp_path)
    assert {message.id for message in found()} >= {"Deep", "Less"}


def test_a_translation_keeps_every_placeholder_of_its_text():
    placeholder = re.compile(r"%\(\w+\)|{\w+}|#")
    for path in sorted((ROOT / "locale").rglob("*.po")):
        for message in read_po(BytesIO(path.read_bytes())):
            text = message.id if isinstance(message.id, str) else (message.id or [""])[0]
            strings = [message.string] if isinstance(message.string, str) else list(message.string)
            for string in filter(None, strings if text else []):
                assert set(placeholder.findall(text)) == set(placeholder.findall(string)), text


def test_catalogues_compile_into_what_django_reads(tmp_path, monkeypatch):
    folder = tmp_path / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    source = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    (folder / "django.po").write_bytes(source.read_bytes())
    monkeypatch.setattr(catalogues, "LOCALE", tmp_path)
    catalogues.compile_all()
    with (folder / "django.mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Sign in") == "登录"


def test_the_lock_file_names_no_registry():
    lock = (ROOT / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert set(json.loads(lock)["packages"][""]["dependencies"]) == set(
        json.loads((ROOT / "package.json").read_text())["dependencies"]
    )


def test_every_served_package_file_is_there():
    assert vendor.missing() == []


def test_each_sheet_of_the_frame_exists():
    from portal.layout import SHEETS

    assert all((ROOT / "static" / sheet).is_file() for sheet in SHEETS)
