"""``manage.py prepare [--json]``: migrate the database and say where the first owner is made."""

import json
from typing import Any

from django.apps import apps
from django.core.management import BaseCommand, CommandError, CommandParser, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from portal import onboarding

# Of ``accounts:setup``. To ask for it by that name would load all pages, longer than the rest of the command takes.
SETUP_PATH = "/setup/{token}/"


def unknown_migrations() -> list[str]:
    """Return the migrations of our apps that the database has seen and this release does not have."""
    applied = MigrationRecorder(connection).applied_migrations()
    known = MigrationLoader(None).disk_migrations
    ours = {config.label for config in apps.get_app_configs()} | {"portal"}
    return sorted(f"{app}.{name}" for app, name in applied if app in ours and (app, name) not in known)


def has_new_migrations() -> bool:
    """Return whether there is anything to apply; ``migrate`` itself takes its time to find that there is nothing."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


class Command(BaseCommand):
    """Run before each start of the site; --json is for the supervisor of script/server."""

    help = "Migrate the database; while there are no users, print the first owner's link."
    # Each start waits for this command, and the system checks would make it slower.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the link's path as one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if foreign := unknown_migrations():
            raise CommandError(
                "This database was made by a Portolan whose tables this release cannot take over "
                f"({', '.join(foreign)}). Nothing was changed. Start with an empty one: script/server --reset, or "
                "another PORTAL_HOME or DATABASE_URL."
            )
        if has_new_migrations():
            call_command("migrate", interactive=False, verbosity=0)
        token = onboarding.issue_setup_token()
        path = SETUP_PATH.format(token=token) if token else ""
        if options["json"]:
            self.stdout.write(json.dumps({"setup_path": path}))
        elif path:
            self.stdout.write(f"Make the first owner at this path of the site (works once): {path}")
