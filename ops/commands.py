"""A recipe's command in Azure ML's own syntax. Plain command jobs know no optional part."""

import re
from collections.abc import Collection

OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]")
REFERENCE = re.compile(r"\$\{\{\s*inputs\.(\w+)\s*\}\}")


def fill(command: str, given: Collection[str]) -> str:
    """The command with each ``$[[part]]`` opened when all inputs it names are given, else dropped."""

    def part(match: re.Match[str]) -> str:
        return match[1] if set(REFERENCE.findall(match[1])) <= set(given) else ""

    return OPTIONAL.sub(part, command).strip()
