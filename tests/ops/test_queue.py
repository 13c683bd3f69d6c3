"""Messages to the workers through a real Valkey, and what happens without one."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ops import queue
from ops.models import Mirror, Operation
from ops.opening import columns_about
from tests.ops.brokers import Broker, pointed_at

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def valkey():
    broker = Broker().start()
    yield broker
    broker.remove()


@pytest.fixture
def broker(valkey):
    valkey.clear()
    with pointed_at(valkey.url):
        yield valkey


@pytest.fixture
def operation(workspace):
    now = timezone.now()
    Mirror.objects.update(next_at=now + timedelta(hours=1))
    return Operation.objects.create(
        kind=Operation.Kind.TEST_CONNECTION,
        **columns_about(workspace),
        lock_key="x",
        turn=7,
        deadline_at=now + timedelta(hours=1),
        next_try_at=now + timedelta(seconds=5),
    )


def test_a_message_names_the_task_and_goes_to_the_workers_of_its_cloud(broker, operation):
    assert queue.send(operation)
    ((task, arguments, headers),) = broker.messages("cloud.local")
    assert (task, arguments) == ("ops.advance", [operation.pk, 7])
    assert headers["expires"]
    assert headers["ignore_result"] is True


def test_a_broker_that_is_down_is_told_at_once_and_raises_nothing(operation, tmp_path):
    with pointed_at(f"redis+socket://{tmp_path}/nobody.sock"):
        assert queue.send(operation) is False


def test_a_broker_that_comes_back_gets_messages_again(operation):
    broker = Broker().start()
    try:
        with pointed_at(broker.url):
            assert queue.send(operation)
            broker.stop()
            assert queue.send(operation) is False
            broker.start()
            assert queue.send(operation)
            assert len(broker.messages("cloud.local")) >= 1
    finally:
        broker.remove()


def test_a_short_wait_travels_with_its_message(broker, operation):
    operation.next_try_at = timezone.now() + timedelta(seconds=3)
    assert queue.send_on(operation)
    ((_, _, headers),) = broker.messages("cloud.local")
    assert headers["eta"]


def test_a_long_wait_is_left_to_dispatch(broker, operation):
    operation.next_try_at = timezone.now() + timedelta(seconds=60)
    assert not queue.send_on(operation)
    assert broker.messages("cloud.local") == []


def test_an_operation_that_is_over_asks_for_a_look_at_what_it_changed(broker, operation, workspace):
    operation.finished_at = timezone.now()
    assert queue.send_on(operation)
    ((task, arguments, _),) = broker.messages("cloud.local")
    assert (task, arguments) == ("ops.mirror", [workspace.pk, 0])


@pytest.mark.parametrize(
    ("columns", "is_sent"),
    [
        ({"next_try_at": -1}, True),
        ({"next_try_at": 60}, False),
        ({"next_try_at": -1, "lease_until": 60}, False),
        ({"next_try_at": 60, "lease_until": -1}, True),
        ({"next_try_at": -1, "finished_at": -1}, False),
    ],
)
def test_dispatch_sends_what_is_due(broker, operation, columns, is_sent):
    now = timezone.now()
    Operation.objects.update(**{name: now + timedelta(seconds=seconds) for name, seconds in columns.items()})
    assert queue.send_due() == int(is_sent)
    assert len(broker.messages("cloud.local")) == int(is_sent)


def test_dispatch_does_not_send_again_what_it_has_just_sent(broker, operation):
    Operation.objects.update(next_try_at=timezone.now() - timedelta(seconds=1))
    assert queue.send_due() == 1
    assert queue.send_due() == 0
    Operation.objects.update(next_try_at=timezone.now() - timedelta(seconds=1))
    assert queue.send_due() == 1


def test_dispatch_sends_mirrors_that_are_due_but_not_of_workspaces_that_were_let_go(broker, workspace):
    Mirror.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    assert queue.send_due() == 1
    Mirror.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    type(workspace).objects.update(unregistered_at=timezone.now())
    assert queue.send_due() == 0


def test_dispatch_asks_the_database_as_often_for_many_rows_that_are_not_due(
    broker, operation, workspace, django_assert_num_queries
):
    with django_assert_num_queries(2):
        queue.send_due()
    now = timezone.now()
    Operation.objects.bulk_create(
        Operation(
            kind="deploy",
            **columns_about(workspace),
            lock_key=str(number),
            deadline_at=now,
            next_try_at=now + timedelta(hours=1),
        )
        for number in range(50)
    )
    with django_assert_num_queries(2):
        queue.send_due()
