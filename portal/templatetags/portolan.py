"""The template tags of every page (a builtin library): icons, states, times, numbers.

How to use each: docs/frontend.md. Nothing here reads the database.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import uuid4

from django import template
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ops.messages import Explanation, notes_of
from ops.models import ModelVersion
from portal import badges, idempotency, vendor
from portal.queries import predict

register = template.Library()
NOTHING = "–"


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """The icon of @tabler/icons, hidden from screen readers. Raises KeyError for an unknown name."""
    return _svg(name, f"icon {css}".rstrip())


@lru_cache(maxsize=1000)
def _svg(name: str, classes: str) -> SafeString:
    """A reference into the sprite; the paths themselves for an icon that is not in it."""
    shown = f'class="{classes}" aria-hidden="true"' if classes else 'aria-hidden="true"'
    if name in vendor.sprite():
        return mark_safe(f'<svg {shown}><use href="{static("icons.svg")}#{name}"/></svg>')  # noqa: S308
    paint = 'fill="currentColor"' if name.endswith(":filled") else 'fill="none" stroke="currentColor"'
    # Only the package's own markup and our literals.
    return mark_safe(f'<svg {shown} viewBox="0 0 24 24" {paint}>{vendor.icons()[name]}</svg>')  # noqa: S308


@register.simple_tag
def once() -> SafeString:
    """The hidden field of a form that makes something: sent twice, it is carried out once (portal.idempotency)."""
    return format_html('<input type="hidden" name="{}" value="{}">', idempotency.FIELD, uuid4())


@register.simple_tag
def state_badge(word: str, label: str = "") -> SafeString:
    """Word + shape + colour of a state; an unknown word is shown as it is."""
    return _state_badge(word, label or badges.label(word))


@lru_cache(maxsize=1000)
def _state_badge(word: str, label: str) -> SafeString:
    look = badges.look(word)
    drawn = _svg(look.icon, "icon-turn" if look.turns else "")
    return format_html('<span class="state state-{}">{}{}</span>', look.tone, drawn, label)


@register.filter
def kind_part(version: ModelVersion | None, part: str) -> str:
    """The name of one part of the template that the version's kind of prediction brings, for ``include``."""
    return f"predict/kinds/{predict.kind_of(version or None).NAME}.html#{part}"


@register.filter
def notes(row: Any) -> list[Explanation]:
    """What to know about a prediction before its answer is believed, as texts."""
    return notes_of(row)


@register.filter
def badge(row: Any) -> SafeString:
    """The badge of anything with a ``status`` (a run) or a ``state``."""
    word = getattr(row, "status", None) or row.state
    display = getattr(row, "get_state_display", None)
    return state_badge(str(word), str(display()) if display else "")


@register.simple_tag
def ago(moment: datetime | None, brief: bool = False) -> SafeString | str:
    """ "3 min ago" with the absolute time on hover; app.js keeps it fresh, and adds that time to a brief one."""
    if moment is None:
        return NOTHING
    passed = escape(_ago(timezone.now() - moment))
    written = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    if brief:
        return mark_safe(f'<time datetime="{written}">{passed}</time>')  # noqa: S308  (as below)
    absolute = _absolute(moment.replace(second=0, microsecond=0), get_language(), timezone.get_current_timezone_name())
    # Both texts are escaped; this is drawn for each row of each list, and format_html takes four times as long.
    return mark_safe(f'<time datetime="{written}" title="{absolute}">{passed}</time>')  # noqa: S308


@lru_cache(maxsize=10_000)
def _absolute(minute: datetime, language: str | None, zone: str) -> str:
    """The date and time in the words of the language, which is the current one, as is the zone."""
    local = timezone.localtime(minute)
    return escape(f"{formats.date_format(local, 'DATETIME_FORMAT')} {local.tzname()}")


@register.filter
def duration(seconds: float | timedelta | None) -> str:
    """ "4 min 12 s"; below ten seconds with one decimal."""
    if seconds is None:
        return NOTHING
    total = seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds)
    if total < 0.05:
        return _("< 0.1 s")
    if total < 10:
        return _("%(n)s s") % {"n": _rounded(total, 1)}
    whole = round(total)
    if whole < 60:
        return _("%(n)s s") % {"n": whole}
    if whole < 3600:
        return _("%(m)s min %(s)02d s") % {"m": whole // 60, "s": whole % 60}
    if whole < 86_400:
        return _("%(h)s h %(m)02d min") % {"h": whole // 3600, "m": whole % 3600 // 60}
    return _("%(d)s d %(h)s h") % {"d": whole // 86_400, "h": whole % 86_400 // 3600}


@register.simple_tag
def duration_between(start: datetime | None, end: datetime | None) -> SafeString | str:
    """How long it took; while ``end`` is missing it counts on in the browser."""
    if start is None:
        return NOTHING
    if end is not None:
        return duration(end - start)
    return format_html('<span data-since="{}">{}</span>', start.isoformat(), duration(timezone.now() - start))


def _rounded(value: float, digits: int) -> str:
    """Django's own formatting cuts digits off; people expect them rounded."""
    return str(formats.number_format(round(value, digits), digits))


@register.filter
def number(value: float | None, digits: int = 4) -> str:
    """Up to ``digits`` significant decimals for small numbers, grouped thousands for large ones."""
    if value is None:
        return NOTHING
    if isinstance(value, int) or float(value).is_integer():
        return formats.number_format(int(value), 0, force_grouping=True)
    if 0 < abs(value) < 10**-digits:
        return f"{value:.2e}"
    return _rounded(value, digits)


@register.filter
def counted(value: int, most: int = 1000) -> str:
    """A count that was ended at ``most``: "12", or "1,000+" for all that is above."""
    return number(value) if value <= most else f"{number(most)}+"


@register.filter
def percent(value: float | None, digits: int = 1) -> str:
    """A share between 0 and 1 as "98.2 %"."""
    return NOTHING if value is None else f"{_rounded(value * 100, digits)} %"


@register.filter
def filesize(size: int | None) -> str:
    """Bytes in binary steps: "12.4 MB"."""
    if size is None:
        return NOTHING
    amount, unit = float(size), "B"
    for bigger in ("kB", "MB", "GB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, bigger
    return f"{_rounded(amount, 0 if unit == 'B' else 1)} {unit}"


@register.filter
def initials(person: Any) -> str:
    """Two letters for the avatar."""
    words = str(person).replace(".", " ").replace("_", " ").split()
    letters = words[0][:1] + words[-1][:1] if len(words) > 1 else str(person)[:2]
    return letters.upper()


def _ago(passed: timedelta) -> str:
    """The same words as js/app.js uses, which has them from base.html."""
    seconds = max(0, int(passed.total_seconds()))
    if seconds < 60:
        return _("just now") if seconds < 5 else _("# s ago").replace("#", str(seconds))
    if seconds < 3600:
        return _("# min ago").replace("#", str(seconds // 60))
    if seconds < 86_400:
        return _("# h ago").replace("#", str(seconds // 3600))
    days = seconds // 86_400
    return (_("# day ago") if days == 1 else _("# days ago")).replace("#", str(days))
