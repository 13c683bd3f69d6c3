"""``python -m portal.serving.preparing [--json]``: migrates, and says where the first owner is made. Uses Django."""

import json
import os
import sys

import django
from django.core.management import call_command

from portal import console


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from django.urls import reverse

    from portal import onboarding

    call_command("migrate", interactive=False, verbosity=0)
    token = onboarding.issue_setup_token()
    path = reverse("accounts:setup", kwargs={"token": token}) if token else ""
    if "--json" in sys.argv:
        console.say(json.dumps({"setup_path": path}))
    elif path:
        console.say(f"Make the first owner at this path of the site (works once): {path}")
    return 0


if __name__ == "__main__":
    sys.exit(console.run(main))
