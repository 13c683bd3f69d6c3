"""Which API tokens a page reads."""

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import ApiToken, User

# A token that ended is shown for as long as somebody may wonder why a script stopped.
SHOWN_AFTER_END = timedelta(days=30)


def list_tokens_of(person: User) -> QuerySet[ApiToken]:
    """Return the person's tokens, the newest first, without those that ended long ago."""
    since = timezone.now() - SHOWN_AFTER_END
    recent = Q(revoked_at=None) | Q(revoked_at__gte=since)
    unexpired = Q(expires_at=None) | Q(expires_at__gte=since)
    return ApiToken.objects.filter(recent, unexpired, user=person).select_related("team")


def list_valid_tokens_of(person: User) -> QuerySet[ApiToken]:
    """Return the person's tokens that open something."""
    now = timezone.now()
    return ApiToken.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), user=person, revoked_at=None)
