"""Readings that come in while pages are asked for: `main SECONDS RATE`, Django set up on a database to write into."""

import sys
import time
from datetime import UTC, datetime
from itertools import count

from django.db import transaction

from dashboard.activity.apply import events_apply
from dashboard.agents.models import Agent, Claim
from dashboard.celery import give_way
from tools.bench.ingest import answer_of, records_of

# Events of one reading.
PAGE = 100


def main() -> None:
    """Write readings of agents in turn, RATE rows a second; the first is told by a line, at the end the true rate."""
    seconds, rate = map(int, sys.argv[1:])
    # It is a worker's work.
    give_way()
    claims = list(Claim.objects.order_by("pk")[:100])
    _reading(claims[0])
    print("begun", flush=True)
    started = time.monotonic()
    for number in count(1):
        _reading(claims[number % len(claims)])
        ahead = number * PAGE / rate - (time.monotonic() - started)
        time.sleep(max(ahead, 0))
        if time.monotonic() - started >= seconds:
            print(number * PAGE / (time.monotonic() - started))
            return


def _reading(claim: Claim) -> None:
    at = datetime.now(UTC)
    records = records_of(answer_of(at, PAGE))
    with transaction.atomic():
        Agent.objects.select_for_update(no_key=True).get(pk=claim.agent_id)
        events_apply(claim=claim, records=records, at=at)
