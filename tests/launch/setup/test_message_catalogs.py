"""When the message catalogues have to be compiled, and what is made of them without gettext's programs."""

import gettext
import sys
from pathlib import Path

from launch.setup import message_catalogs

ROOT = Path(__file__).resolve().parents[3]


def test_a_catalogue_without_its_compiled_form_is_missing(tmp_path):
    folder = tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    assert message_catalogs.are_compiled(tmp_path)
    (folder / "django.po").write_text("")
    assert not message_catalogs.are_compiled(tmp_path)
    (folder / "django.mo").write_text("")
    assert message_catalogs.are_compiled(tmp_path)


def test_set_up_compiles_what_django_reads(tmp_path):
    folder = tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    source = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    (folder / "django.po").write_bytes(source.read_bytes())
    (tmp_path / ".venv").symlink_to(sys.prefix)
    message_catalogs.compile_all("message catalogues", tmp_path, tmp_path / "log")
    assert message_catalogs.are_compiled(tmp_path)
    with (folder / "django.mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Sign in") == "登录"
