"""A campaign's purchases, and what goes wrong with them: played at a sandbox over HTTP, or written into its database.

Each fault is told by the kind of exception that the desk must make of it. What the service itself would never do is
written into its database behind its back.
"""

import json
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.dashboard.billing.conftest import PRESS
from tests.dashboard.conftest import PlayedAgent
from tests.dashboard.local_stripe import stripe, stripe_get

GRANTED, CHARGED = "credits.payment_backed_granted", "usage.credit_consumed"
Act = Callable[["Buy"], object]
_COLUMNS = "agent_id, type, occurred_at, summary, operation, subject_type, subject_id, status, trace_id, links, details"


@dataclass(frozen=True)
class Place:
    """A sandbox: its address, and the file that its database is."""

    url: str
    database: Path

    def write(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.database, timeout=20)) as connection, connection:
            connection.execute(statement, values)

    def read(self, statement: str, *values: object) -> list[Any]:
        with closing(sqlite3.connect(self.database, timeout=20)) as connection:
            return connection.execute(statement, values).fetchall()

    def deliver(self, **plan: int) -> None:
        """How the service hears of its own payments from now on."""
        stripe(self.url, "test_helpers/sandbox/deliveries", **plan)

    def quiet(self) -> None:
        """Wait until the service has heard of everything that it is to hear of soon; as long as that goes on."""
        left, idle = self._unheard(), 0
        while left and idle < 100:
            time.sleep(0.1)
            before, left = left, self._unheard()
            idle = 0 if left < before else idle + 1
        assert not left, "the service does not hear of its payments"

    def _unheard(self) -> int:
        soon = datetime.now(UTC) + timedelta(minutes=10)
        waiting = "SELECT count(*) FROM sandbox_delivery WHERE delivered_at IS NULL AND due_at < ?"
        return int(self.read(waiting, soon.strftime("%Y-%m-%d %H:%M:%S.%f"))[0][0])

    def object_change(self, object_id: str, **fields: object) -> None:
        """Have Stripe say something else of an object than it did."""
        ((told,),) = self.read("SELECT data FROM sandbox_standinobject WHERE object_id = ?", object_id)
        data = json.dumps({**json.loads(told), **fields})
        self.write("UPDATE sandbox_standinobject SET data = ? WHERE object_id = ?", data, object_id)

    def event_copy(self, event_type: str, named: str, **links: str) -> None:
        """Write the line of this type that names something into the ledger once more, with other links."""
        wanted = f"SELECT {_COLUMNS} FROM sandbox_event WHERE type = ? AND links LIKE ?"
        row = self.read(wanted, event_type, f"%{named}%")[0]
        self.line_write(*row[:-2], json.dumps({**json.loads(row[-2]), **links}), row[-1])

    def line_write(self, *row: object) -> None:
        marks = ", ".join("?" * (len(row) + 1))
        values = (f"evt_{uuid.uuid4().hex[:24]}", *row)
        self.write(f"INSERT INTO sandbox_event (event_id, {_COLUMNS}) VALUES ({marks})", *values)

    def charge_write(self, agent_id: str, job_id: str) -> None:
        """Have the ledger charge a job that it should not."""
        at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        what = ("7 credits spent", "usage", "usage", f"usage_{uuid.uuid4().hex[:24]}", "completed", "trace_of_a_fault")
        self.line_write(agent_id, CHARGED, at, *what, json.dumps({"job_id": job_id}), json.dumps({"credits_delta": -7}))


@dataclass(frozen=True)
class Buy:
    """One purchase: where, whose, and the service's words for it."""

    place: Place
    agent: PlayedAgent
    attempt: Any

    @property
    def name(self) -> str:
        return str(self.attempt.payment_attempt_id)

    @property
    def intent(self) -> dict[str, Any]:
        session = stripe_get(self.place.url, f"checkout/sessions/{self.attempt.checkout_session_id}")
        return stripe_get(self.place.url, f"payment_intents/{session['payment_intent']}")

    @property
    def receipt_id(self) -> str:
        return str(self.place.read("SELECT id FROM sandbox_receipt WHERE attempt_id = ?", self.name)[0][0])

    def press(self, outcome: str = "succeed") -> None:
        stripe(self.place.url, PRESS.format(self.attempt.checkout_session_id), outcome=outcome)

    def refund(self, amount: int, **more: Any) -> str:
        return str(stripe(self.place.url, "refunds", charge=self.intent["latest_charge"], amount=amount, **more)["id"])

    def dispute(self, amount: int) -> str:
        about = {"charge": self.intent["latest_charge"], "amount": amount}
        return str(stripe(self.place.url, "test_helpers/sandbox/disputes", **about)["id"])

    def control(self, path: str) -> None:
        stripe(self.place.url, f"test_helpers/sandbox/{path}")


@contextmanager
def unheard(place: Place) -> Iterator[None]:
    """What happens at Stripe inside, the service hears of in an hour."""
    place.deliver(delay_seconds=3600)
    yield
    place.deliver()


@dataclass(frozen=True)
class Story:
    """What happens to a purchase: first how it is paid, then what comes once the service has granted what it will.

    `kind` is the exception that the desk must make of it, empty for what is in order.
    """

    first: Act
    then: Act = lambda _: None
    kind: str = ""


def nothing(_buy: Buy) -> None:
    """Nobody pays; it stays open."""


def expires(buy: Buy) -> None:
    stripe(buy.place.url, f"checkout/sessions/{buy.attempt.checkout_session_id}/expire")


def pays_unheard(buy: Buy) -> None:
    with unheard(buy.place):
        buy.press()


def refunded_unheard(buy: Buy) -> None:
    with unheard(buy.place):
        buy.refund(200)


def disputed_unheard(buy: Buy) -> None:
    with unheard(buy.place):
        buy.dispute(300)


def refund_succeeds_unheard(buy: Buy) -> None:
    refund = buy.refund(200, **{"metadata[sandbox_status]": "pending"})
    buy.place.quiet()
    with unheard(buy.place):
        buy.control(f"refunds/{refund}/succeed")


def refund_fails_unheard(buy: Buy) -> None:
    refund = buy.refund(200)
    buy.place.quiet()
    with unheard(buy.place):
        buy.control(f"refunds/{refund}/fail")


def disputed_and_won(buy: Buy) -> None:
    buy.control(f"disputes/{buy.dispute(300)}/win")


def other_amount(buy: Buy) -> None:
    buy.place.object_change(buy.intent["id"], amount_received=buy.intent["amount"] - 100)


def other_currency(buy: Buy) -> None:
    buy.place.object_change(buy.intent["id"], currency="eur")


def never_paid(buy: Buy) -> None:
    about = {"status": "requires_payment_method", "amount_received": 0, "latest_charge": None}
    buy.place.object_change(buy.intent["id"], **about)
    buy.place.object_change(buy.attempt.checkout_session_id, status="open", payment_status="unpaid")


def line_twice(buy: Buy) -> None:
    buy.place.event_copy(GRANTED, buy.receipt_id)


def line_gone(buy: Buy) -> None:
    wanted = "SELECT id FROM sandbox_event WHERE type = ? AND links LIKE ?"
    ((row,),) = buy.place.read(wanted, GRANTED, f"%{buy.receipt_id}%")
    buy.place.write("DELETE FROM sandbox_eventreference WHERE event_id = ?", row)
    buy.place.write("DELETE FROM sandbox_event WHERE id = ?", row)


IN_ORDER = (
    *[Story(Buy.press)] * 5,
    Story(Buy.press, lambda buy: buy.refund(150)),
    Story(Buy.press, lambda buy: buy.refund(500)),
    Story(Buy.press, disputed_and_won),
    Story(Buy.press, lambda buy: buy.dispute(500)),
    Story(nothing),
    Story(expires),
    Story(lambda buy: buy.press("decline")),
)
FAULTS = (
    Story(pays_unheard, kind="paid_not_granted"),
    Story(Buy.press, never_paid, kind="granted_not_paid"),
    Story(Buy.press, other_amount, kind="amount_differs"),
    Story(Buy.press, other_currency, kind="amount_differs"),
    Story(Buy.press, line_twice, kind="granted_twice"),
    Story(Buy.press, refund_succeeds_unheard, kind="reversal_not_taken"),
    Story(Buy.press, refund_fails_unheard, kind="taken_not_reversed"),
    Story(Buy.press, refunded_unheard, kind="reversal_unknown"),
    Story(Buy.press, disputed_unheard, kind="reversal_unknown"),
    Story(lambda buy: buy.press("processing"), kind="attempt_stuck"),
    Story(Buy.press, line_gone, kind="purchase_without_line"),
)
