"""The kinds of alerts for the people who run the service, by platform role."""

from dataclasses import replace
from datetime import timedelta

from dashboard.alerts.kinds import DISPUTE, NEGATIVE_BALANCE, PURCHASE_STUCK, SYNC_STALE, Kind, Occurrence, number
from dashboard.alerts.models import Audience
from dashboard.lib.words import Tone

BILLING, OPERATOR = Audience.BILLING_ADMIN, Audience.OPERATOR


def _for_billing(kind: Kind, hint: str) -> Kind:
    """Return a workspace's kind as billing follows it, over all workspaces."""
    return replace(kind, audience=BILLING, hint=hint, page="billing:desk")


BILLING_DISPUTE = _for_billing(DISPUTE, "A payer's bank disputes a payment of any workspace.")
BILLING_STUCK = _for_billing(PURCHASE_STUCK, "Paid, and the credits have not come for ten minutes, in any workspace.")
BILLING_NEGATIVE = _for_billing(NEGATIVE_BALANCE, "An agent of any workspace owes credits.")
BILLING_QUIET = Kind(
    "webhooks_quiet",
    BILLING,
    "Webhooks stay away",
    "Stripe has sent no webhook for longer than usual, or events came by its list alone.",
    "clock",
    said=lambda _level, figures: (
        f"{number(figures['missed'], 'event')} of the last day did not reach us by webhook. Stripe's list told of them."
        if figures["missed"]
        else f"None came for {number(figures['hours'], 'hour')}, which is longer than usual."
    ),
    recovered=lambda _level, _figures: "No webhook is missed any more.",
    quiet=1,
    page="billing:event_list",
    pause=timedelta(minutes=10),
)
OPERATOR_SYNC_STALE = replace(
    SYNC_STALE,
    audience=OPERATOR,
    hint="Agents of any workspace have not been read for two hours.",
    page="web:health",
    quiet=1,
)
SERVICE_AWAY = Kind(
    "service_away",
    OPERATOR,
    "Service away",
    "The hosted API has not answered for five minutes.",
    "server",
    said=lambda _level, _figures: "Does not answer. One reading at a time asks whether it is back.",
    recovered=lambda _level, _figures: "Answers again.",
    quiet=1,
    tones=(Tone.BAD,),
    page="web:health",
)
CONTRACT_BREACH = Kind(
    "contract_breach",
    OPERATOR,
    "Contract breach",
    "Answers of the hosted API are not what its contract says.",
    "alert",
    said=lambda _level, figures: f"{number(figures['streams'], 'stream')} stopped: answers break the contract.",
    recovered=lambda _level, _figures: "No stream is stopped by it any more.",
    quiet=1,
    tones=(Tone.BAD,),
    page="web:health",
)
UNKNOWN_EVENT = Kind(
    "unknown_event",
    OPERATOR,
    "Unknown event",
    "Ledgers hold a type of event that the contract does not publish.",
    "unknown",
    said=lambda _level, _figures: "A type of event that the contract does not publish. It is kept and shown.",
    recovered=Occurrence("It stays in the ledgers; a version that knows the type has nothing to tell."),
    tones=(Tone.WARN,),
    lapses=True,
    page="web:health",
)

BROKEN_LINES = Kind(
    "broken_lines",
    OPERATOR,
    "Broken lines",
    "Ledgers hold lines that break the contract so far that they cannot be read.",
    "alert",
    said=lambda _level, figures: f"Left out of {number(figures['agents'], 'ledger')}. Each is a known gap there.",
    recovered=Occurrence("A line that stays broken stays a gap: the alert grows old instead."),
    tones=(Tone.WARN,),
    lapses=True,
    page="web:health",
)
CRITICAL_FEEDBACK = Kind(
    "critical_feedback",
    Audience.PRODUCT_REVIEWER,
    "Critical feedback",
    "Agents call something critical, or it came back, and nobody has looked at it yet.",
    "feedback",
    said=lambda _level, figures: (
        f"Called critical by {number(figures['agents'], 'agent')}. Nobody has looked at it yet."
    ),
    # Triaged, put elsewhere or called less: nobody has to look first.
    recovered=lambda _level, _figures: "No longer waits for a first look.",
    quiet=1,
    tones=(Tone.BAD,),
    page="feedback:item",
)

PLATFORM_KINDS = (
    BILLING_DISPUTE,
    BILLING_STUCK,
    BILLING_NEGATIVE,
    BILLING_QUIET,
    SERVICE_AWAY,
    OPERATOR_SYNC_STALE,
    CONTRACT_BREACH,
    UNKNOWN_EVENT,
    BROKEN_LINES,
    CRITICAL_FEEDBACK,
)
