"""The catalogue as the sandbox tells it."""

import pytest

from dashboard.freshness.models import ONLY_SUBJECT, Stream
from dashboard.freshness.services import cursor_open
from dashboard.sync.public import catalog_sync


def catalog_read() -> bool:
    cursor_open(stream=Stream.CATALOG, subject_id=ONLY_SUBJECT, label="catalogue")
    return catalog_sync(is_forced=True)


@pytest.fixture
def catalog(hosted_api: str) -> None:
    assert catalog_read()
