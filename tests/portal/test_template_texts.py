"""Texts of templates reach Babel, whatever their tags and however deep they stand."""

from io import BytesIO

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract

METHOD = "portal.template_texts:extract"


def texts(page):
    found = extract(METHOD, BytesIO(("{% load i18n %}\n" + page).encode()), DEFAULT_KEYWORDS)
    return [(message, context) for _line, message, _comments, context in found]


@pytest.mark.parametrize(
    ("page", "message", "context"),
    [
        ("{% translate 'One' %}", "One", None),
        ('<a title="{{ _("Two") }}">', "Two", None),
        ("{% translate 'Three' context 'verb' %}", "Three", "verb"),
        ("{% translate '50 %' as half %}", "50 %%", None),
        ("{% blocktranslate trimmed with a=b %}\n  From {{ a }}\n  on\n{% endblocktranslate %}", "From %(a)s on", None),
        (
            "{% blocktranslate count n=many %}{{ n }} row{% plural %}{{ n }} rows{% endblocktranslate %}",
            ("%(n)s row", "%(n)s rows"),
            None,
        ),
        ('{% include "x.html" with title=_("Four") %}', "Four", None),
        ("{% translate '中文' %}", "中文", None),
    ],
)
def test_each_way_of_marking_a_text_is_read(page, message, context):
    assert texts(page) == [(message, context)]


def test_a_text_is_found_however_deep_its_line_is_indented():
    page = "{% if a %}\n    {% translate 'Deep' %}\n  {% translate 'Less' %}\n{% endif %}\n{% translate 'Flush' %}"
    assert [message for message, _ in texts(page)] == ["Deep", "Less", "Flush"]


def test_what_is_no_text_is_not_found():
    assert texts("<p>Plain</p>{# translate 'Remark' #}{% comment %}{% translate 'Gone' %}{% endcomment %}") == []
