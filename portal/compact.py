"""Templates without what only their source needs, indentation and lines of tags: a list is half as long on the wire.

Every line that stays keeps its end, so that there is white space wherever there was some.
"""

import re

from django.template import Origin
from django.template.loaders import filesystem

INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)
# Tags that put nothing into the page where they stand.
SILENT = "if|elif|else|endif|for|empty|endfor|with|endwith|load|partialdef|endpartialdef|(?:translate|url) .* as"
LINE_OF_TAGS = re.compile(rf"^((?:\{{% (?:{SILENT})\b(?:(?!%\}}).)*%\}})+)\n", re.MULTILINE)
# White space before these, and behind those that open, means nothing.
BLOCKS = "body|div|form|head|header|li|link|main|meta|nav|script|table|t[dhr]|tbody|thead|ul"
BESIDE_BLOCKS = re.compile(rf"\n+(?=</?(?:{BLOCKS})\b)|(?<=<td>)\n")


class Loader(filesystem.Loader):
    """Loads our own templates; none may need the spaces at the start of a line."""

    def get_contents(self, origin: Origin) -> str:
        source = LINE_OF_TAGS.sub(r"\1", INDENTATION.sub("", super().get_contents(origin)))
        return BESIDE_BLOCKS.sub("", source)
