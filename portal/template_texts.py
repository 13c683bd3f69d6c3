"""Finds the texts of Django templates for Babel's command line, which knows Python only.

``[tool.babel]`` in pyproject.toml names ``extract``; ``script/translate`` runs the commands. Django's own command for
this needs gettext's programs, which a machine may not have.
"""

from collections.abc import Collection, Iterator, Mapping
from io import BytesIO
from typing import Any, BinaryIO

from babel.messages.extract import extract_python
from django.utils.translation.template import templatize


def extract(
    template: BinaryIO, keywords: Mapping[str, Any], comment_tags: Collection[str], options: Mapping[str, Any]
) -> Iterator[tuple[Any, ...]]:
    """Yield the calls of gettext that Django makes of a template's tags, as Babel's own extractors yield theirs.

    The calls keep the template's indentation, which Python would take for blocks: it is taken away.
    """
    calls = templatize(template.read().decode(), origin=str(getattr(template, "name", "")))
    code = "\n".join(line.strip() for line in calls.splitlines())
    yield from extract_python(BytesIO(code.encode()), keywords, comment_tags, {"encoding": "utf-8"})
