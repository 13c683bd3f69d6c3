"""Every part that should be alive is watched; one that was never heard of is silent too."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ops.models import Heartbeat
from portal.queries import heartbeats

pytestmark = pytest.mark.django_db


def test_each_cloud_has_a_queue_and_only_the_local_one_a_heartbeat_of_its_own(settings):
    settings.CLOUDS = ["AzureCloud"]
    assert heartbeats.expected() == ["beat", "queue:portal", "queue:cloud.AzureCloud"]
    settings.CLOUDS = ["local"]
    assert heartbeats.expected() == ["beat", "queue:portal", "queue:cloud.local", "cloud:local"]


def test_old_and_missing_heartbeats_are_silent(settings):
    settings.CLOUDS, settings.SILENT_AFTER_SECONDS = ["AzureCloud"], 30
    now = timezone.now()
    Heartbeat.objects.create(name="beat", seen_at=now)
    Heartbeat.objects.create(name="queue:portal", seen_at=now - timedelta(seconds=100))
    assert heartbeats.list_silent() == ["queue:portal", "queue:cloud.AzureCloud"]
    ages = heartbeats.ages()
    assert ages["queue:portal"] >= 100
    assert ages["queue:cloud.AzureCloud"] is None
