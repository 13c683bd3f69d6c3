"""Job specs: what is read back from a row is what was frozen on it."""

import pytest

from ops import job_specs
from ops.job_specs import EnvironmentSpec, InputSpec, JobSpec, MakesSpec, Source

SPEC = JobSpec(
    source=Source("recipe", "mnist-keras", "Digits", {"epochs": 3}),
    experiment="digits",
    command="python train.py --epochs ${{inputs.epochs}}",
    code="0" * 64,
    environment=EnvironmentSpec("mnist-keras", "image:1", "dependencies: []"),
    compute="cpu-cluster",
    inputs={"epochs": InputSpec("literal", 3), "data": InputSpec("upload")},
    environment_variables={"SEED": "1"},
    instances=2,
    distribution={"type": "pytorch"},
    time_limit_seconds=60,
    makes=MakesSpec("outputs/model", "outputs/samples", "digits", "loss", "minimize"),
)


def test_a_spec_comes_back_as_it_was_frozen():
    assert job_specs.from_json(SPEC.as_json()) == SPEC
    assert SPEC.literals() == {"epochs": 3}


def test_a_layout_of_another_release_is_not_guessed_at():
    with pytest.raises(ValueError, match="layout 2"):
        job_specs.from_json(SPEC.as_json() | {"layout": 2})
