"""``manage.py openapi``: prints the API's OpenAPI document."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from portal.api.v1 import api


class Command(BaseCommand):
    help = "Prints the OpenAPI document of /api/v1 as JSON."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        # The URLs of the document come from the URL table.
        from portal import urls  # noqa: F401

        self.stdout.write(json.dumps(api.get_openapi_schema(), indent=2, ensure_ascii=False))
