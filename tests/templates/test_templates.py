"""Promises of the page layer that can be read from its files: strict CSP, icons that exist, texts in gettext."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

from portal import badges, vendor
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
