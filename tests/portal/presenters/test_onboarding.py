"""The first step that is not done is the next one, even when later ones are done."""

import pytest

from portal.presenters import onboarding


@pytest.mark.parametrize(
    ("done", "following"),
    [
        ([False] * 5, "workspace"),
        ([True, False, True, False, False], "job"),
        ([True] * 5, None),
    ],
)
def test_there_is_one_next_step_until_all_are_done(done, following):
    steps = onboarding.steps(done)
    assert [step.is_done for step in steps] == done
    assert next((step.name for step in steps if step.is_next), None) == following
    assert all(step.url for step in steps)
