"""``manage.py prepare [--json]``: migrate the database and say where the first owner is made."""

import json
from typing import Any

from django.core.management import BaseCommand, CommandParser, call_command
from django.urls import reverse

from portal import onboarding


class Command(BaseCommand):
    """Run before each start of the site; --json is for the supervisor of script/server."""

    help = "Migrate the database; while there are no users, print the first owner's link."
    # Each start waits for this command, and the system checks would make it slower.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the link's path as one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        token = onboarding.issue_setup_token()
        path = reverse("accounts:setup", kwargs={"token": token}) if token else ""
        if options["json"]:
            self.stdout.write(json.dumps({"setup_path": path}))
        elif path:
            self.stdout.write(f"Make the first owner at this path of the site (works once): {path}")
