"""Names: one spelling of each letter, and nothing that cannot be seen."""

import pytest
from django.core.exceptions import ValidationError

from accounts import names


@pytest.mark.parametrize(
    ("given", "kept"), [(" alice ", "alice"), ("ａｌｉｃｅ", "alice"), ("e\u0301", "é"), ("张三", "张三"), ("", "")]
)
def test_a_name_has_one_spelling(given, kept):
    assert names.normalize(given) == kept


@pytest.mark.parametrize(
    "hidden", ["\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\u00ad", "\x00", "\x7f", "\u2028", "\ue000"]
)
def test_what_cannot_be_seen_is_refused(hidden):
    with pytest.raises(ValidationError):
        names.validate_visible(f"al{hidden}ice")


@pytest.mark.parametrize("name", ["O'Brien", "Zoë", "张三", "नमस्ते", "a b", "👩"])
def test_what_people_are_called_is_taken(name):
    names.validate_visible(name)
