"""Translation catalogues without gettext's programs: ``python -m portal.catalogues update`` and ``compile`` (Babel).

``update`` finds every text in the code and merges it into locale/*/LC_MESSAGES/django.po; ``compile`` makes the .mo
files, which are not committed; ``missing`` prints what nobody has translated yet.
"""

import sys
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
PYTHON = ("accounts", "ops", "portal", "scoring")
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}


def found() -> Catalog:
    """Every text of the portal, with the files that use it."""
    catalog = Catalog(project="Portolan", charset="utf-8", header_comment="# Texts of Portolan.")
    for path in _sources():
        name = path.relative_to(ROOT).as_posix()
        source = path.read_text()
        code = _code_of(source, name) if path.suffix == ".html" else source
        for _line, message, _comments, context in extract("python", BytesIO(code.encode()), KEYWORDS):
            catalog.add(message, locations=[(name, 0)], context=context)
    return catalog


def _code_of(template: str, name: str) -> str:
    """Return a template as the calls of gettext in it, without the indentation, which Python would take for blocks."""
    return "\n".join(line.strip() for line in templatize(template, origin=name).splitlines())


def update() -> None:
    """Merge the found texts into each language's catalogue; texts no longer used are dropped."""
    template = found()
    for path in _catalogues():
        catalog = _read(path)
        catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
        catalog.obsolete.clear()
        buffer = BytesIO()
        write_po(buffer, catalog, width=110, omit_header=False, sort_output=True, include_lineno=False)
        path.write_bytes(buffer.getvalue())


def compile_all() -> None:
    """Write the .mo file beside each catalogue."""
    for path in _catalogues():
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, _read(path))


def missing() -> list[str]:
    """The texts that some language has no words for."""
    texts = found()
    return [
        f"{path.parent.parent.name}: {message.id}"
        for path in _catalogues()
        for message in texts
        if message.id and not _is_translated(_read_once(path), message.id, message.context)
    ]


_kept: dict[Path, Catalog] = {}


def _read_once(path: Path) -> Catalog:
    return _kept.setdefault(path, _read(path))


def _is_translated(catalog: Catalog, text: Any, context: str | None) -> bool:
    entry = catalog.get(text if isinstance(text, str) else text[0], context)
    strings: Any = entry.string if entry else ""
    return bool(strings) if isinstance(strings, str) else all(strings)


def _read(path: Path) -> Catalog:
    return read_po(StringIO(path.read_text()), locale=path.parent.parent.name)


def _catalogues() -> list[Path]:
    return sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))


def _sources() -> Iterator[Path]:
    yield from sorted((ROOT / "templates").rglob("*.html"))
    for package in PYTHON:
        yield from sorted(path for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts)


def main(words: list[str]) -> int:
    actions = {"update": update, "compile": compile_all}
    if words == ["missing"]:
        sys.stdout.write("".join(f"{text}\n" for text in missing()))
    elif len(words) == 1 and words[0] in actions:
        actions[words[0]]()
    else:
        sys.stderr.write("usage: python -m portal.catalogues update | compile | missing\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
