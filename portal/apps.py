"""The web app's configuration."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Portolan"

    def ready(self) -> None:
        from portal import celery, checks  # noqa: F401  (the queue's application, the system checks)
