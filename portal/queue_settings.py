"""Celery's settings: the broker, what workers do, what beat sends and when. Read without Django, as beat runs."""

from typing import Any

from portal import env

HEARTBEAT_SECONDS = 10
DISPATCH_SECONDS = 2


def _beat_schedule() -> dict[str, dict[str, Any]]:
    """Return the periodic messages, each with its queue; nobody needs one that is older than two periods."""
    messages = {"dispatch": _message("ops.dispatch", [], "portal", DISPATCH_SECONDS)}
    for queue in ("portal", *(f"cloud.{cloud}" for cloud in env.words("PORTAL_CLOUDS"))):
        messages[f"heartbeat {queue}"] = _message("ops.heartbeat", [queue], queue, HEARTBEAT_SECONDS)
    return messages


def _message(task: str, arguments: list[str], queue: str, seconds: int) -> dict[str, Any]:
    options = {"queue": queue, "expires": seconds * 2}
    return {"task": task, "args": arguments, "schedule": seconds, "options": options}


SETTINGS: dict[str, Any] = {
    "broker_url": env.text("REDIS_URL") or "redis://127.0.0.1:6379/0",
    "broker_connection_retry_on_startup": True,
    # A worker or beat waits for its broker for as long as it takes; whoever sends from a page tries twice and goes on.
    "broker_connection_max_retries": None,
    "broker_transport_options": {
        "socket_connect_timeout": 2,
        "socket_timeout": 30,
        "socket_keepalive": True,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.1,
        "interval_max": 0.1,
    },
    "result_backend": None,
    "task_ignore_result": True,
    # The database is the timer: a lost message is sent again by dispatch, so an early acknowledgement loses nothing.
    "task_acks_late": False,
    "task_default_queue": "portal",
    "task_create_missing_queues": True,
    "worker_prefetch_multiplier": 1,
    "worker_hijack_root_logger": False,
    "worker_send_task_events": False,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "timezone": "UTC",
    "imports": ["ops.tasks", "ops.preforking"],
    "beat_schedule": _beat_schedule(),
}
