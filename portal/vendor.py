"""Static files that come from npm packages: an exact table, because whole folders break collectstatic.

Nothing here is committed: ``npm ci`` and ``node build.mjs`` (both run by script/setup) put the files in place.
"""

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage

PACKAGES = settings.BASE_DIR / "node_modules"
FILES = {
    "vendor/tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "vendor/tabler.min.css.map": "@tabler/core/dist/css/tabler.min.css.map",
    "vendor/inter-latin.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "vendor/inter-latin-ext.woff2": "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2",
    "vendor/mono-latin.woff2": "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
    "vendor/echarts.js": ".portolan/echarts.js",
    "icons.svg": ".portolan/icons.svg",
}
ICONS = PACKAGES / ".portolan" / "icons.json"


def missing() -> list[str]:
    """The files that set-up has not put in place, relative to node_modules."""
    wanted = [*FILES.values(), str(ICONS.relative_to(PACKAGES))]
    return [name for name in wanted if not (PACKAGES / name).is_file()]


@lru_cache(maxsize=1)
def icons() -> dict[str, str]:
    """Icon name → the markup inside its <svg>. Raises ImproperlyConfigured before set-up has run."""
    try:
        return dict(json.loads(ICONS.read_text()))
    except FileNotFoundError:
        raise ImproperlyConfigured(_sentence([ICONS.name])) from None


@lru_cache(maxsize=1)
def sprite() -> frozenset[str]:
    """The names of the icons in icons.svg: those that pages named when it was made."""
    return frozenset(re.findall(r'<symbol id="([^"]+)"', (PACKAGES / FILES["icons.svg"]).read_text()))


class PackageFinder(BaseFinder):
    """Finds the files of the table for runserver and collectstatic."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.storage = _PackageStorage(location=PACKAGES)

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        found = [str(PACKAGES / FILES[path])] if path in FILES else []
        return found if find_all else (found[0] if found else None)

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        if absent := missing():
            raise ImproperlyConfigured(_sentence(absent))
        return iter([(name, self.storage) for name in FILES])


class _PackageStorage(FileSystemStorage):
    """Answers to the table's static names with the packages' files."""

    def path(self, name: str) -> str:
        return super().path(FILES[name])


def _sentence(absent: Iterable[str]) -> str:
    return f"Files from npm packages are missing ({', '.join(absent)}). Run script/setup."
