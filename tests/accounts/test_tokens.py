"""Tokens: the secret is kept nowhere, and what ends one ends it at once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import tokens
from accounts.models import ApiToken

pytestmark = pytest.mark.django_db


def test_the_secret_opens_the_token_and_is_kept_nowhere(alice):
    token, secret = tokens.create(alice, name="nightly", scope="read")
    row = ApiToken.objects.filter(pk=token.pk).values().get()
    assert tokens.find(secret) == token
    assert secret not in str(row)
    assert row["hint"] == secret[:10]
    assert len(secret) > 40


@pytest.mark.parametrize("wrong", ["", "ptl_", "ptl_wrong", "é\x00"])
def test_another_secret_opens_nothing(alice, wrong):
    tokens.create(alice, name="nightly", scope="read")
    assert tokens.find(wrong) is None


def test_a_revoked_an_expired_and_a_retired_persons_token_open_nothing(alice):
    revoked, revoked_secret = tokens.create(alice, name="a", scope="read")
    _, expired_secret = tokens.create(alice, name="b", scope="read", expires_at=timezone.now() - timedelta(seconds=1))
    _, living_secret = tokens.create(alice, name="c", scope="read", expires_at=timezone.now() + timedelta(days=1))
    tokens.revoke(revoked)
    assert tokens.find(revoked_secret) is None
    assert tokens.find(expired_secret) is None
    assert tokens.find(living_secret) is not None
    alice.is_active = False
    alice.save()
    assert tokens.find(living_secret) is None


def test_the_last_use_is_noted_once_a_minute(alice, django_assert_num_queries):
    _, secret = tokens.create(alice, name="a", scope="read")
    with django_assert_num_queries(2):
        first = tokens.find(secret)
    with django_assert_num_queries(1):
        again = tokens.find(secret)
    assert first.last_used_at == again.last_used_at


def test_revoking_twice_keeps_the_first_time(alice):
    token, _ = tokens.create(alice, name="a", scope="read")
    tokens.revoke(token)
    first = token.revoked_at
    tokens.revoke(token)
    assert token.revoked_at == first
