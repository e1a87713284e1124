"""Where files of assets may be fetched from, and how much of them."""

from django.conf import settings

from dashboard.lib.outbound import Limits, Reach

FILE_LIMITS = Limits(max_bytes=200 * 1024 * 1024, seconds=120)


def media_reach() -> Reach:
    """Return the way out for files: to MEDIA_ORIGINS alone."""
    return Reach(
        origins=settings.MEDIA_ORIGINS,
        private_origins=settings.PRIVATE_ORIGINS,
        is_https_only=not settings.IS_LOCAL,
    )
