"""System checks of the web app: what would leave pages without style or icons is said once, at start."""

from typing import Any

from django.core import checks

from portal import vendor


@checks.register()
def packages_are_in_place(**kwargs: Any) -> list[checks.CheckMessage]:
    absent = vendor.missing()
    if not absent:
        return []
    return [checks.Warning(f"Missing packages: {', '.join(absent)}.", hint="Run script/setup.", id="portal.W001")]
