"""The Celery application of web and workers. Its settings are in ``queue_settings``, what tasks do in ``ops.tasks``."""

import os

from celery import Celery

from portal import queue_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
# Celery would run Django's system checks in each worker, and they load all pages: 14 MB that no task uses.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("portolan")
app.conf.update(queue_settings.SETTINGS)
