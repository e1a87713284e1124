"""The kinds of alerts: what crosses which level, who may be told, what each preset tells, and the sentences.

Sentences hold figures and our own words alone. Names stand beside them, and no text of an agent or a person, no token
and no contact is ever in one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from dashboard.accounts.access import EVERY_ROLE, MAY_BUY, OWNER_ONLY
from dashboard.accounts.models import Role
from dashboard.alerts.levels import HOLDS, Ladder
from dashboard.alerts.models import Audience, Crossing, Preference
from dashboard.lib.words import Tone

Figures = Mapping[str, int]
Sentence = Callable[[int, Figures], str]
WORKSPACE = Audience.WORKSPACE
NEVER = 0


@dataclass(frozen=True)
class Occurrence:
    """Said in place of a recovery: why something that happened has no end that could be told."""

    why: str


@dataclass(frozen=True)
class Kind:
    """One kind of alert for one audience.

    `recovered` says that a level is left, whatever it was that ended it; where its sentence is empty it ends without a
    message. `lapses`: a thing that is not found any more (an agent that was unlinked) ends its alert without a message;
    else its absence is the recovery. `quiet` and `balanced` are the mildest level that the preset tells (NEVER: none);
    "everything" tells each. `pause`: looked at no oftener. `levels` names the marks, where a preset begins at a later
    one. `has_stop`: it tells of credits that an agent spends, so Stop stands beside it.
    """

    name: str
    audience: Audience
    title: str
    hint: str
    icon: str
    said: Sentence
    recovered: Sentence | Occurrence
    quiet: int = NEVER
    balanced: int = 1
    ladder: Ladder = HOLDS
    tones: tuple[Tone, ...] = (Tone.WARN,)
    roles: frozenset[Role] = EVERY_ROLE
    lapses: bool = False
    page: str = "agent"
    levels: tuple[str, ...] = ()
    pause: timedelta = timedelta()
    has_stop: bool = False

    @property
    def quiet_said(self) -> str:
        return self.mark_said(self.quiet)

    @property
    def balanced_said(self) -> str:
        return self.mark_said(self.balanced)

    def mark_said(self, mildest: int) -> str:
        """Return from which mark on a preset tells, in words; empty where it tells each, or none."""
        return self.levels[mildest - 1] if mildest > 1 else ""

    def tone(self, level: int) -> Tone:
        return self.tones[min(level, len(self.tones)) - 1]

    def mildest_told(self, preset: str) -> int:
        """Return the mildest level that a preset tells; NEVER where it tells none."""
        told = {Preference.Preset.QUIET.value: self.quiet, Preference.Preset.BALANCED.value: self.balanced}
        return told.get(preset, 1)

    def sentence(self, change: str, level: int, figures: Figures) -> str:
        """Return what a crossing says, without the name of the thing."""
        if change in (Crossing.Change.EASED, Crossing.Change.RECOVERED):
            return "" if isinstance(self.recovered, Occurrence) else self.recovered(level, figures)
        return self.said(level, figures)


def number(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun: "1 credit", "2,000 credits"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _balance_said(_level: int, figures: Figures) -> str:
    left, free_a_day = figures["credits"], figures.get("free_a_day", 0)
    if left > 0:
        return f"{number(left, 'credit')} left."
    return f"Out of credits until the day's {free_a_day:,} free ones come." if free_a_day else "Out of credits."


def _balance_recovered(level: int, figures: Figures) -> str:
    """Name the gravest mark that was left: credits come again to whoever was out alone."""
    mark, now = BALANCES.marks[level - 1], f"{figures['credits']:,}"
    return f"Above {number(mark, 'credit')} again: {now}." if mark else f"Has credits again: {now}."


def _stale_said(_level: int, figures: Figures) -> str:
    late, held = figures["late"], figures["agents"]
    return f"{late:,} of {number(held, 'agent')} not read for {number(figures['hours'], 'hour')} or more."


def _dispute_said(_level: int, figures: Figures) -> str:
    if "credits" not in figures:
        return "Payment disputed. The ledger does not tell how many credits were taken back."
    return f"Payment disputed: {number(figures['credits'], 'credit')} taken back."


# Ten credits are about a picture: with fewer an agent that was out can still not work.
BALANCES = Ladder((100, 20, 0), falls=True, slack_least=10)
LOW_BALANCE = Kind(
    "low_balance",
    WORKSPACE,
    "Low balance",
    "An agent has 100, 20 and then no credits left. Of free credits that come anew each day, only Everything tells.",
    "credits",
    said=_balance_said,
    recovered=_balance_recovered,
    quiet=3,
    balanced=2,
    ladder=BALANCES,
    tones=(Tone.INFO, Tone.WARN, Tone.BAD),
    levels=("at 100 credits", "from 20 credits on", "when none are left"),
    lapses=True,
)
NEGATIVE_BALANCE = Kind(
    "negative_balance",
    WORKSPACE,
    "Negative balance",
    "A refund or dispute took more than an agent had.",
    "alert",
    said=lambda _level, figures: f"Owes {number(-figures['credits'], 'credit')}: more was taken back than it had.",
    recovered=lambda _level, _figures: "Owes nothing any more.",
    quiet=1,
    ladder=Ladder((-1,), falls=True, slack_percent=0),
    tones=(Tone.BAD,),
    lapses=True,
)
DAILY_CAP = Kind(
    "daily_cap",
    WORKSPACE,
    "Daily cap",
    "An agent has used all jobs of its day. Credits do not change that.",
    "clock",
    said=lambda _level, _figures: "All jobs of today are used. It goes on at the reset.",
    # Whether it can work is its credits' to say too.
    recovered=lambda _level, figures: f"Has jobs again: {figures['jobs']:,} for today.",
    balanced=NEVER,
    ladder=Ladder((0,), falls=True, slack_percent=0),
    lapses=True,
)
TOKEN_STOPPED = Kind(
    "token_stopped",
    WORKSPACE,
    "Token stopped working",
    f"{settings.PRODUCT_NAME} refuses an agent's token: replaced by its owner, or taken over.",
    "key",
    said=lambda _level, _figures: (
        f"{settings.PRODUCT_NAME} refuses its token. Its owner replaced it, or somebody took it over. We read nothing "
        "about it until the link is renewed; it may still work and spend."
    ),
    recovered=lambda _level, _figures: "Its link is renewed.",
    quiet=1,
    tones=(Tone.BAD,),
    lapses=True,
)
HAND_OFF = Kind(
    "hand_off",
    WORKSPACE,
    "Hand-off waiting",
    "An agent opened a payment and waits for somebody to pay it.",
    "checkout",
    said=lambda _level, figures: (
        f"Asks you to pay for {number(figures['credits'], 'credit')}."
        if figures.get("credits")
        else "Asks you to pay for credits."
    ),
    # Paid, expired, put aside, muted or unlinked: the inbox asks no more.
    recovered=lambda _level, _figures: "No longer waits in your inbox.",
    roles=MAY_BUY,
    page="inbox",
    tones=(Tone.INFO,),
)
PURCHASE_STUCK = Kind(
    "purchase_stuck",
    WORKSPACE,
    "Purchase stuck",
    "Paid, and the credits have not come for ten minutes.",
    "purchases",
    said=lambda _level, figures: (
        f"Paid, and {settings.PRODUCT_NAME} has not added {number(figures['credits'], 'credit')} yet."
        if figures.get("credits")
        else f"Paid, and {settings.PRODUCT_NAME} has not added the credits yet."
    ),
    recovered=lambda _level, _figures: "The purchase is stuck no more.",
    quiet=1,
    roles=MAY_BUY,
    page="purchase",
    tones=(Tone.BAD,),
)
DISPUTE = Kind(
    "dispute",
    WORKSPACE,
    "Dispute",
    f"The payer's bank disputes a payment, and {settings.PRODUCT_NAME} took the credits back.",
    "dispute",
    said=_dispute_said,
    recovered=lambda _level, _figures: "The dispute is over: the credits are back.",
    quiet=1,
    lapses=True,
    page="purchase",
    tones=(Tone.BAD,),
)
CLAIM_REQUEST = Kind(
    "claim_request",
    WORKSPACE,
    "Claim request waiting",
    f"An agent named your address at {settings.PRODUCT_NAME} and asks to be claimed.",
    "inbox",
    said=lambda _level, _figures: f"Asked {settings.PRODUCT_NAME} for you to claim it.",
    recovered=lambda _level, _figures: "Its request no longer waits for you.",
    roles=OWNER_ONLY,
    page="inbox",
    tones=(Tone.INFO,),
)
SYNC_STALE = Kind(
    "sync_stale",
    WORKSPACE,
    "Sync stale",
    "Agents have not been read for two hours: figures are old.",
    "sync",
    said=_stale_said,
    recovered=lambda _level, _figures: "All agents are read again.",
    ladder=Ladder((2,), slack_percent=0, slack_least=2),
    lapses=True,
    page="overview",
)
KNOWN_GAP = Kind(
    "known_gap",
    WORKSPACE,
    "Known gap",
    "A stretch of an agent's ledger could not be read.",
    "unknown",
    said=lambda _level, _figures: "A stretch of its ledger could not be read. Nothing is made up for it.",
    recovered=Occurrence("What was missed stays missed: the alert grows old instead."),
    balanced=NEVER,
    tones=(Tone.INFO,),
    lapses=True,
)

KINDS = (
    LOW_BALANCE,
    NEGATIVE_BALANCE,
    DAILY_CAP,
    TOKEN_STOPPED,
    HAND_OFF,
    PURCHASE_STUCK,
    DISPUTE,
    CLAIM_REQUEST,
    SYNC_STALE,
    KNOWN_GAP,
)
