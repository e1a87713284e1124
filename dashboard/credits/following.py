"""How a purchase stands, in words: one leading sentence, four lights, and how soon to look again. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from dashboard.agents.models import Claim
from dashboard.credits.deposit import Deposit, deposit_get
from dashboard.credits.light_steps import LightStep, light_steps
from dashboard.credits.machine import UNPAID_ENDS, is_paid_long, quote_is_over
from dashboard.credits.models import Purchase
from dashboard.credits.terms import X402_METHOD
from dashboard.credits.withheld import OVER, Withheld
from dashboard.lib.presentation import credits_text, credits_unit, money_text, span_text
from dashboard.lib.words import Tone

State = Purchase.State

# "Usually under a minute": what takes this long is said to be late.
LATE_AFTER = timedelta(minutes=10)
SOON, CALM = 3, 15

REFUSALS = {
    "CREDIT_QUOTE_CONFLICT": "An order with the same key but other terms is known there. Start again.",
    "CREDIT_PACK_NOT_FOUND": "This pack is not on sale any more. Choose another one.",
    "PAYMENT_METHOD_UNAVAILABLE": "This way to pay is not offered any more. Choose another one.",
    "INVALID_ARGUMENTS": "The way to pay and the price that was held do not fit together. Start again.",
    "QUOTE_MISMATCH": "It offered other terms than were asked for, so they were not taken. Start again.",
}


@dataclass(frozen=True)
class Lead:
    """What is true now, in a sentence, and what comes next."""

    tone: Tone
    sentence: str
    more: str = ""


@dataclass(frozen=True)
class Following:
    """One purchase as its page shows it; `claim` is None where the agent is not linked here any more.

    `withheld` says why nobody is led on to pay now, `listed` the credits and cents of the price list for its terms,
    `has_stripe` whether Stripe is visible here.
    """

    purchase: Purchase
    claim: Claim | None
    now: datetime
    withheld: Withheld | None = None
    listed: tuple[int, int] | None = None
    has_stripe: bool = False

    @property
    def lead(self) -> Lead:
        return LEADS[State(self.purchase.state)](self.purchase, self)

    @property
    def lights(self) -> list[LightStep]:
        return light_steps(self.purchase, has_stripe=self.has_stripe)

    @property
    def shows_lights(self) -> bool:
        """Tell whether there is anything to wait for or to look back on: not after an end that nobody paid."""
        return not self.has_ended_unpaid or self.purchase.paid_at is not None

    @property
    def deposit(self) -> Deposit | None:
        return None if self.withheld else deposit_get(self.purchase)

    @property
    def hand_off_url(self) -> str:
        """The address of the payer, where one is to be led there now."""
        return "" if self.withheld or self.purchase.state != State.OPEN else self.purchase.hand_off_url

    @property
    def is_quote_open(self) -> bool:
        return self.purchase.state == State.QUOTED and not quote_is_over(self.purchase, self.now)

    @property
    def can_be_given_up(self) -> bool:
        return self.purchase.is_sponsors and self.purchase.state in (State.QUOTING, State.QUOTED)

    @property
    def has_ended_unpaid(self) -> bool:
        """Tell whether it is over for good: a payment whose time ran out is not, until the service says so."""
        return self.state in UNPAID_ENDS and self.withheld != OVER

    @property
    def is_unanswered(self) -> bool:
        """Tell whether the last question about a payment that goes on was not answered; before, the lead says so."""
        return bool(self.purchase.problem_at) and self.purchase.state in (State.OPEN, State.PROCESSING, State.PAID)

    @property
    def state(self) -> str:
        """The purchase's state; a price or a payment whose time is over is expired before anybody has noted it."""
        is_unheld = self.purchase.state == State.QUOTED and not self.is_quote_open
        return State.EXPIRED if is_unheld or self.withheld == OVER else self.purchase.state

    @property
    def poll_seconds(self) -> int | None:
        """Return how soon to look again: as the service asks for while a payment is open; None when all is said."""
        purchase = self.purchase
        if purchase.state == State.SUCCEEDED:
            return None if purchase.balance_moved_at else SOON
        if self.claim is None or not purchase.is_under_way:
            return None
        if purchase.state in (State.QUOTING, State.OPENING):
            return SOON
        return CALM if purchase.state == State.QUOTED else purchase.poll_seconds


def bought(purchase: Purchase) -> str:
    """Return what is bought, as far as it is known: "500 credits"."""
    if purchase.credits is None:
        return "credits"
    return f"{credits_text(purchase.credits)} {credits_unit(purchase.credits)}"


def clock(at: datetime, now: datetime) -> str:
    """Return the time of day in the viewer's zone, with its day where that is another one."""
    local, here = timezone.localtime(at), timezone.localtime(now)
    return f"{local:%H:%M}" if local.date() == here.date() else f"{local:%H:%M} on {local.day} {local:%b}"


def _quoting(purchase: Purchase, _following: Following) -> Lead:
    if purchase.problem_at:
        again = "We ask again by ourselves, with the same order, so nothing is bought twice. You may close this page."
        return Lead(Tone.WARN, f"{settings.PRODUCT_NAME} has not told the price yet.", again)
    return Lead(Tone.INFO, f"Asking {settings.PRODUCT_NAME} for the price.", "Nothing can be charged yet.")


def _quoted(purchase: Purchase, following: Following) -> Lead:
    if not following.is_quote_open:
        return Lead(Tone.NEUTRAL, "This price is not held any more.", "Nothing was charged. Ask for a new one.")
    until = f", valid until {clock(purchase.quote_expires_at, following.now)}" if purchase.quote_expires_at else ""
    if purchase.payment_method == X402_METHOD:
        comes = "Next you get an address and the exact amount to send. Nothing is charged before you send it."
    else:
        comes = "Next you get a link to Stripe's own page, which asks for the card. Nothing is charged before that."
    held = f"{bought(purchase)} for {money_text(purchase.price_cents or 0)}{until}."
    if following.listed is None or following.listed == (purchase.credits, purchase.price_cents):
        return Lead(Tone.INFO, held, comes)
    credits_, cents = following.listed
    other = f"The price list says {credits_text(credits_)} {credits_unit(credits_)} for {money_text(cents)}."
    return Lead(Tone.WARN, held, f"{other} Continue only if this is what you want. {comes}")


def _opening(purchase: Purchase, _following: Following) -> Lead:
    if purchase.problem_at:
        again = "Whether it did is being found out, with the same order: there can only be one payment. Wait here."
        return Lead(Tone.WARN, f"{settings.PRODUCT_NAME} did not say whether it opened the payment.", again)
    return Lead(Tone.INFO, "Opening the payment.", "This takes a moment.")


def _open(purchase: Purchase, following: Following) -> Lead:
    deposit = following.deposit
    if purchase.hand_off_refused:
        why = "The address is not on our list, or it asks for another amount. So there is no link here: do not pay."
        return Lead(Tone.BAD, f"{settings.PRODUCT_NAME} sent payment details that we do not trust.", why)
    if following.withheld:
        when = "any more" if following.withheld == OVER else "now"
        return Lead(Tone.WARN, f"Do not pay this {when}.", following.withheld.sentence)
    if deposit:
        sent = "Send it from a wallet of yours. This page will notice."
        return Lead(Tone.INFO, f"Waiting for a deposit of exactly {deposit.amount} {deposit.token}.", sent)
    asked = f"{money_text(purchase.price_cents)} for {bought(purchase)}." if purchase.price_cents else ""
    close = "When you have paid, close the Stripe tab: this page will notice."
    return Lead(Tone.INFO, "Waiting for the payer.", f"{asked} {close}".strip())


def _processing(_purchase: Purchase, _following: Following) -> Lead:
    return Lead(Tone.INFO, "The payment is under way.", "Some ways to pay take longer to confirm. Do not pay again.")


def _paid(purchase: Purchase, following: Following) -> Lead:
    age = following.now - (purchase.paid_at or purchase.opened_at)
    if age < LATE_AFTER:
        waits = f"Paid. Waiting for {settings.PRODUCT_NAME} to add {bought(purchase)}, usually under a minute."
        return Lead(Tone.INFO, waits, "You may close this page: we go on watching.")
    late = f"Paid {span_text(int(age.total_seconds()))} ago, and the {bought(purchase)} have not come yet."
    often = " once a day" if is_paid_long(purchase, following.now) else ""
    comes = f"{settings.PRODUCT_NAME} adds them by itself once it has the payment, and we go on asking it{often}."
    return Lead(Tone.WARN, late, f'{comes} Do not pay again. Billing answers to "Something is wrong", above.')


def _succeeded(purchase: Purchase, following: Following) -> Lead:
    if not purchase.balance_moved_at:
        follows = "The balance shown here follows when it is read next, usually within a minute."
        return Lead(Tone.GOOD, f"Paid. {settings.PRODUCT_NAME} has added {bought(purchase)}.", follows)
    balance = following.claim.agent.credits if following.claim else None
    now = f"The balance is {credits_text(balance)} {credits_unit(balance)} now." if balance is not None else ""
    return Lead(Tone.GOOD, f"Done: {bought(purchase)} were added.", now)


def _expired(purchase: Purchase, _following: Following) -> Lead:
    if purchase.attempt_key or purchase.payment_attempt_id:
        counts = "If somebody paid in the last moment, it still counts, and appears here."
        return Lead(Tone.NEUTRAL, "The payment ran out unpaid.", counts)
    return Lead(Tone.NEUTRAL, "The price ran out before it was used.", "Nothing was charged.")


def _failed(_purchase: Purchase, _following: Following) -> Lead:
    declined = (
        f"{settings.PRODUCT_NAME} says that it failed or was declined. Try again, perhaps with another way to pay."
    )
    return Lead(Tone.BAD, "The payment did not go through.", declined)


def _canceled(purchase: Purchase, _following: Following) -> Lead:
    charged = "" if purchase.payment_attempt_id else "Nothing was charged."
    return Lead(Tone.NEUTRAL, "This purchase was given up.", charged)


def _refused(purchase: Purchase, _following: Following) -> Lead:
    why = REFUSALS.get(purchase.problem_code) or purchase.problem_text
    return Lead(Tone.BAD, f"{settings.PRODUCT_NAME} refused this purchase.", f"{why} Nothing was charged.".strip())


LEADS: dict[State, Callable[[Purchase, Following], Lead]] = {
    State.QUOTING: _quoting,
    State.QUOTED: _quoted,
    State.OPENING: _opening,
    State.OPEN: _open,
    State.PROCESSING: _processing,
    State.PAID: _paid,
    State.SUCCEEDED: _succeeded,
    State.EXPIRED: _expired,
    State.FAILED: _failed,
    State.CANCELED: _canceled,
    State.REFUSED: _refused,
}
