"""Templates lose what only their source needs, and nothing that a person could see."""

import pytest
from django.template import Engine, Origin

from portal.compact import Loader


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("<p>\n    a\n    b\n</p>\n", "<p>\na\nb\n</p>\n"),
        (
            "<b>x</b>\n  {% if y %}\n    <i>z</i>\n  {% endif %}\n  <u>w</u>\n",
            "<b>x</b>\n{% if y %}<i>z</i>\n{% endif %}<u>w</u>\n",
        ),
        ("a {% if y %}\nb{% endif %}\n", "a {% if y %}\nb{% endif %}\n"),
        (
            "{% translate 'A' as a %}{% url 'b' as c %}\n{{ a }}\n",
            "{% translate 'A' as a %}{% url 'b' as c %}{{ a }}\n",
        ),
        ("{% translate 'A' %}\n{% include 'b' %}\n", "{% translate 'A' %}\n{% include 'b' %}\n"),
        ("<tr>\n  <td>\n    x\n  </td>\n</tr>\n", "<tr><td>x</td></tr>\n"),
        ("<b>x</b>\n<thing>y</thing>\n", "<b>x</b>\n<thing>y</thing>\n"),
    ],
)
def test_indentation_and_lines_of_tags_go_and_white_space_between_words_stays(tmp_path, source, kept):
    (path := tmp_path / "page.html").write_text(source)
    loader = Loader(Engine.get_default(), dirs=[tmp_path])
    assert loader.get_contents(Origin(str(path), "page.html", loader)) == kept
