"""``python -m portal.serving.preparing``: migrates, and prints as JSON where the first owner is made. Uses Django."""

import json
import sys

import django
from django.core.management import call_command


def main() -> None:
    django.setup()
    from django.urls import reverse

    from portal import onboarding
    from portal.models import User

    call_command("migrate", interactive=False, verbosity=0)
    token = None if User.objects.exists() else onboarding.issue_setup_token()
    path = reverse("accounts:setup", kwargs={"token": token}) if token else ""
    sys.stdout.write(json.dumps({"setup_path": path}) + "\n")


if __name__ == "__main__":
    main()
