"""A pin that cannot be had: what is next to it, and names that packages have today."""

from __future__ import annotations

import pytest

from amlocal.building import pins

VERSIONS = ["2.0.1", "2.0", "1.5.3", "1.5.10", "1.5.2", "1.6.0rc1", "1.0"]


@pytest.mark.parametrize(
    ("line", "near", "same_major"),
    [
        ("pandas==1.2.1", "pandas==1.5.10", "pandas>=1.2.1,<2"),
        ("pandas==1.2.*", "pandas==1.5.10", "pandas>=1.2,<2"),
        ("pandas>=1.1,<1.2", "pandas==1.5.10", "pandas>=1.1,<1.2"),
        ("pandas==1.5.10", "pandas==2.0.1", "pandas>=1.5.10,<2"),
        ("pandas[x]~=1.1 ; os_name=='nt'", "pandas[x]==1.5.10 ; os_name=='nt'", "pandas[x]>=1.1,<2 ; os_name=='nt'"),
        ("pandas==9.9", "pandas", "pandas>=9.9,<10"),
    ],
)
def test_a_pin_that_cannot_be_had_becomes_what_is_next_to_it(line: str, near: str, same_major: str) -> None:
    pin = pins.read(line)
    assert pin is not None
    assert pin.other(pins.next_release(pin, VERSIONS)) == near
    assert pin.other(pins.same_major(pin)) == same_major


@pytest.mark.parametrize(
    ("line", "today"),
    [("tensorflow-gpu==2.2.0", "tensorflow==2.2.0"), ("sklearn", "scikit-learn"), ("sklearn-extra", ""), ("-r x", "")],
)
def test_a_name_that_was_given_up_becomes_todays(line: str, today: str) -> None:
    assert pins.renamed(line) == today


@pytest.mark.parametrize("line", ["pandas", "--find-links ./here", "tiny @ https://example.org/x==1.whl"])
def test_what_says_no_version_is_no_pin(line: str) -> None:
    assert pins.read(line) is None
