"""Reading what the service tells everybody, without a token: the price list, the catalogue."""

from collections.abc import Callable
from datetime import timedelta

import structlog
from django.utils import timezone

from api_client import ApiError, Client
from dashboard.catalog.apply import catalog_apply
from dashboard.catalog.selectors import CATALOG_READ_EVERY
from dashboard.credits.orders import CALL_SECONDS
from dashboard.credits.prices import PRICES_READ_EVERY, prices_apply
from dashboard.freshness.models import ONLY_SUBJECT, Stream
from dashboard.remote import client_with
from dashboard.sync.breaker import outage_end, outage_note
from dashboard.sync.services import run_break, run_claim, run_fail, run_finish

log = structlog.get_logger(__name__)

# Asks the service, writes down what it said, and returns how many calls that took.
Reader = Callable[[Client], int]


def prices_sync(*, is_forced: bool = False) -> bool:
    """Read payment methods and packs if their turn has come; True when they are fresh now."""
    return _public_sync(Stream.PRICES, _prices_read, pause=PRICES_READ_EVERY, is_forced=is_forced)


def catalog_sync(*, is_forced: bool = False) -> bool:
    """Read models and capabilities if their turn has come; True when they are fresh now."""
    return _public_sync(Stream.CATALOG, _catalog_read, pause=CATALOG_READ_EVERY, is_forced=is_forced)


def _prices_read(client: Client) -> int:
    at = timezone.now()
    methods, packs = client.credits.payment_methods(), client.credits.packs()
    prices_apply(methods=methods, packs=packs, at=at)
    return 2


def _catalog_read(client: Client) -> int:
    at = timezone.now()
    # Rows that are only listed come alone or not at all (contract 2.14).
    offered, listed = client.catalog.models(details=True), client.catalog.models(details=True, catalog_only=True)
    capabilities = client.catalog.capabilities().capabilities
    catalog_apply(models=[*listed.models, *offered.models], capabilities=capabilities, at=at)
    return 3


def _public_sync(stream: Stream, read: Reader, *, pause: timedelta, is_forced: bool) -> bool:
    run = run_claim(stream=stream, subject_id=ONLY_SUBJECT, is_forced=is_forced)
    if run is None:
        return False
    try:
        with client_with(None, deadline_seconds=CALL_SECONDS) as client:
            calls = read(client)
    except ApiError as error:
        run_fail(run, error)
        outage_note(error)
    except Exception as error:  # a process edge: one stream's fault must not stop the others
        log.exception("public_sync_broke", stream=stream)
        run_break(run, error)
    else:
        outage_end()
        return run_finish(run, pause=pause, calls=calls)
    return False
