"""The time zone of the marketplace's months, from the settings."""

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from django.conf import settings


def zone() -> tzinfo:
    """Of the setting `billing_time_zone`; plain UTC needs no data of time zones."""
    name = settings.PIEPOWDER.billing_time_zone
    return UTC if name == "UTC" else ZoneInfo(name)
