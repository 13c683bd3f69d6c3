"""The error tree."""

import pytest

from ops import messages
from scoring.errors import EndpointAnswer, InputRefused, ScoringError, SpecRefused
from scoring.images import ImageRefused


def test_an_unknown_code_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="image_emty"):
        ImageRefused("image_emty")


def test_every_error_has_its_own_codes() -> None:
    trees = [ImageRefused, SpecRefused, EndpointAnswer]
    assert all(issubclass(kind, ScoringError) and kind.codes for kind in trees)
    assert len(frozenset().union(*(kind.codes for kind in trees))) == sum(len(kind.codes) for kind in trees)


def test_a_refused_input_is_known_without_its_kind() -> None:
    assert issubclass(ImageRefused, InputRefused)


def test_an_error_says_its_code_and_parameters() -> None:
    assert str(ImageRefused("image_too_large", size=9, limit=5)) == "image_too_large size=9 limit=5"


@pytest.mark.parametrize(
    "code", sorted(ImageRefused.codes | SpecRefused.codes | EndpointAnswer.codes), ids=lambda code: code
)
def test_every_code_has_its_words(code: str) -> None:
    assert messages.text_of(f"scoring:{code}")
