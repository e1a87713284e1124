"""Ledgers as a sync leaves them, counted into rollups on the way."""

from tests.dashboard.activity.conftest import link, tell  # noqa: F401 - fixtures of both
