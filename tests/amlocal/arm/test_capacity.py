"""The signal that capacity has changed, nodes that go with their compute, and shortages."""

from __future__ import annotations

from amlocal.arm import nodes
from amlocal.arm.capacity import Capacity
from amlocal.arm.nodes import Scale
from amlocal.storage.store import Scope

SCOPE = Scope("s", "g", "w")
KEY = nodes.key(SCOPE, "Cluster")


def test_every_subscriber_hears_of_a_change_and_of_a_compute_that_goes() -> None:
    capacity, heard = Capacity(), []
    for who in ("first", "second"):
        capacity.subscribe(
            changed=lambda who=who: heard.append(who),
            removed=lambda scope, name, who=who: heard.append((who, scope.workspace, name)),
        )
    capacity.announce_change()
    assert heard == ["first", "second"]
    capacity.remove(SCOPE, "Cluster")
    assert heard[2:] == [("first", "w", "Cluster"), ("second", "w", "Cluster")]


def test_the_nodes_of_a_compute_are_gone_when_its_subscribers_hear_of_it() -> None:
    capacity, left = Capacity(), []
    scale = Scale(0, 4, 60.0)
    capacity.subscribe(
        changed=lambda: None,
        removed=lambda scope, name: left.append(capacity.nodes.read(nodes.key(scope, name), scale)),
    )
    capacity.nodes.take(KEY, "job", 2)
    assert [node.run for node in capacity.nodes.read(KEY, scale)[0]] == ["job", "job"]
    capacity.remove(SCOPE, "CLUSTER")
    assert left == [([], None)]


def test_a_shortage_is_told_until_it_is_cleared() -> None:
    capacity = Capacity()
    assert capacity.read_shortage(KEY) == ""
    capacity.note_shortage(KEY, "There are no cores.")
    assert capacity.read_shortage(nodes.key(SCOPE, "cluster")) == "There are no cores."
    capacity.clear_shortages()
    assert capacity.read_shortage(KEY) == ""
