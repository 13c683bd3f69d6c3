"""When the message catalogues have to be compiled."""

from launch.setup import message_catalogs


def test_a_catalogue_without_its_compiled_form_is_missing(tmp_path):
    folder = tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    assert message_catalogs.are_compiled(tmp_path)
    (folder / "django.po").write_text("")
    assert not message_catalogs.are_compiled(tmp_path)
    (folder / "django.mo").write_text("")
    assert message_catalogs.are_compiled(tmp_path)
