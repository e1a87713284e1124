"""Stripe's webhook: events stored for good and acknowledged a second, to empty answers behind session and person."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import stripe

from tools.bench.client import Answer, Visitor
from tools.bench.figures import Figure
from tools.bench.ledgers import scratch
from tools.bench.server import Ledger, Server, running
from tools.bench.size import Size

SECRET = "whsec_of_the_bench"  # noqa: S105 - signs nothing but the bench's own events
VISITORS = 4
# As large as a checkout session's, whose text is about three kilobytes.
PADDING = "x" * 2_500


def webhook_ack(ledger: Ledger, size: Size) -> Iterator[Figure]:
    """The best of interleaved rounds, on a copy that is written to; each event is new and signed as Stripe signs."""
    with (
        scratch(ledger) as copy,
        running(replace(copy, where={**copy.where, "STRIPE_WEBHOOK_SECRETS": SECRET})) as server,
    ):
        rounds = [(_rate(server, _page, size), _rate(server, _event, size)) for _ in range(size.rounds)]
    floor, acknowledged = (max(rates) for rates in zip(*rounds, strict=True))
    yield Figure("webhook_ack", ledger.kind, acknowledged, "requests/s", (">=", 0.25), floor)


def _rate(server: Server, ask: Callable[[Server, Visitor], Answer], size: Size) -> float:
    """Answers a second to VISITORS at once. Raises RuntimeError for one that is not 200."""
    ends_at = time.perf_counter() + size.seconds

    def visit(_number: int) -> int:
        answered = 0
        with server.visitor("auth_floor")[0] as visitor:
            while time.perf_counter() < ends_at:
                answer = ask(server, visitor)
                if answer.status != 200:
                    raise RuntimeError(f"the bench was answered {answer.status}")
                answered += 1
        return answered

    started = time.perf_counter()
    with ThreadPoolExecutor(VISITORS) as pool:
        answered = sum(pool.map(visit, range(VISITORS)))
    return answered / (time.perf_counter() - started)


def _page(server: Server, visitor: Visitor) -> Answer:
    return visitor.get(server.plan["pages"]["auth_floor"][1])


def _event(_server: Server, visitor: Visitor) -> Answer:
    about = {"id": f"pi_{uuid4().hex}", "object": "payment_intent", "description": PADDING}
    told = {"id": f"evt_{uuid4().hex}", "type": "payment_intent.succeeded", "created": int(time.time())}
    body = json.dumps({**told, "object": "event", "livemode": False, "data": {"object": about}})
    signature = stripe.WebhookSignature.generate_signature_header(body, SECRET)
    return visitor.post("/webhooks/stripe/", body.encode(), f"Stripe-Signature: {signature}")
