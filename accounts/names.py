"""What a name may consist of: one spelling of each letter, and nothing that cannot be seen or turns the text around."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Unicode's general categories: control characters, formats (zero-width and bidirectional ones too), line and paragraph
# separators, surrogates, private use. https://www.unicode.org/reports/tr44/#General_Category_Values
HIDDEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs", "Co"})


def normalize(name: str) -> str:
    """Return the name in the one spelling under which it is kept and looked up, without spaces around it."""
    return unicodedata.normalize("NFKC", name).strip()


def validate_visible(name: str) -> None:
    """Raises ValidationError for a name with characters that cannot be seen."""
    if any(unicodedata.category(letter) in HIDDEN for letter in name):
        raise ValidationError(_("This contains a character that cannot be seen. Type it again."), code="hidden")
