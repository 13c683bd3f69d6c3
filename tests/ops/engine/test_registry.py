"""The registry of flows: one for each kind of operation, and never two."""

import pytest

from ops.engine import registry
from ops.engine.steps import Flow
from ops.flows import catalogue
from ops.models import Operation


def test_every_kind_of_operation_has_its_flow_and_registering_twice_is_harmless():
    catalogue.register_all()
    catalogue.register_all()
    assert set(registry.FLOWS) == set(Operation.Kind.values)


def test_a_second_flow_for_a_kind_is_refused():
    catalogue.register_all()
    with pytest.raises(ValueError, match="deploy"):
        registry.register(Operation.Kind.DEPLOY, Flow(steps=()))
