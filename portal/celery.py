"""The Celery application: queues and beat. What tasks do is in ``ops.tasks``."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

from django.conf import settings

HEARTBEAT_SECONDS = 10
DISPATCH_SECONDS = 2

app = Celery("portolan")
app.conf.update(
    broker_url=settings.REDIS_URL or "redis://127.0.0.1:6379/0",
    broker_connection_retry_on_startup=True,
    # A worker or beat waits for its broker for as long as it takes; whoever sends from a page tries twice and goes on.
    broker_connection_max_retries=None,
    broker_transport_options={
        "socket_connect_timeout": 2,
        "socket_timeout": 30,
        "socket_keepalive": True,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.1,
        "interval_max": 0.1,
    },
    result_backend=None,
    task_ignore_result=True,
    # The database is the timer: a lost message is sent again by dispatch, so an early acknowledgement loses nothing.
    task_acks_late=False,
    task_default_queue="portal",
    task_create_missing_queues=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    timezone="UTC",
    imports=["ops.tasks"],
    beat_schedule={
        "dispatch": {
            "task": "ops.dispatch",
            "schedule": DISPATCH_SECONDS,
            "options": {"queue": "portal", "expires": DISPATCH_SECONDS * 2},
        }
    }
    | {
        f"heartbeat {queue}": {
            "task": "ops.heartbeat",
            "args": [queue],
            "schedule": HEARTBEAT_SECONDS,
            "options": {"queue": queue, "expires": HEARTBEAT_SECONDS * 2},
        }
        for queue in ("portal", *(f"cloud.{cloud}" for cloud in settings.CLOUDS))
    },
)
