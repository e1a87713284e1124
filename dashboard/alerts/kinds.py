"""The kinds of alerts: what crosses which level, who may be told, what each preset tells, and the sentences.

Sentences hold figures and our own words alone. Names stand beside them, and no text of an agent or a person, no token
and no contact is ever in one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

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
class Kind:
    """One kind of alert for one audience.

    `quiet` and `balanced` are the mildest level that the preset tells (NEVER: none); "everything" tells each.
    `recovered` empty: it ends without a message. `lapses`: a thing that is not found any more (an agent that was
    unlinked) ends its alert without a message; else its absence is the recovery. `pause`: looked at no oftener.
    `levels` names the marks, where a preset begins at a later one.
    """

    name: str
    audience: Audience
    title: str
    hint: str
    icon: str
    said: Sentence
    recovered: Sentence | None = None
    quiet: int = NEVER
    balanced: int = 1
    ladder: Ladder = HOLDS
    tones: tuple[Tone, ...] = (Tone.WARN,)
    roles: frozenset[Role] = EVERY_ROLE
    lapses: bool = False
    page: str = "agent"
    levels: tuple[str, ...] = ()
    pause: timedelta = timedelta()

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
        if change == Crossing.Change.RECOVERED:
            return self.recovered(level, figures) if self.recovered else ""
        return self.said(level, figures)


def number(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun: "1 credit", "2,000 credits"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _balance_said(_level: int, figures: Figures) -> str:
    left = figures["credits"]
    return f"{number(left, 'credit')} left." if left > 0 else "Out of credits."


def _balance_recovered(_level: int, figures: Figures) -> str:
    return f"Has credits again: {figures['credits']:,}."


def _stale_said(_level: int, figures: Figures) -> str:
    late, held = figures["late"], figures["agents"]
    return f"{late:,} of {number(held, 'agent')} not read for {number(figures['hours'], 'hour')} or more."


def _dispute_said(_level: int, figures: Figures) -> str:
    if "credits" not in figures:
        return "Payment disputed. The ledger does not tell how many credits were taken back."
    return f"Payment disputed: {number(figures['credits'], 'credit')} taken back."


LOW_BALANCE = Kind(
    "low_balance",
    WORKSPACE,
    "Low balance",
    "An agent has 100, 20 and then no credits left.",
    "credits",
    said=_balance_said,
    recovered=_balance_recovered,
    quiet=3,
    balanced=2,
    ladder=Ladder((100, 20, 0), falls=True, slack_least=5),
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
    recovered=lambda _level, figures: f"Can work again: {number(figures['jobs'], 'job')} for today.",
    balanced=NEVER,
    ladder=Ladder((0,), falls=True, slack_percent=0),
    lapses=True,
)
TOKEN_STOPPED = Kind(
    "token_stopped",
    WORKSPACE,
    "Token stopped working",
    "Image Skill refuses an agent's token: replaced by its owner, or taken over.",
    "key",
    said=lambda _level, _figures: (
        "Image Skill refuses its token. Its owner replaced it, or somebody took it over. We read nothing about it "
        "until the link is renewed; it may still work and spend."
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
    recovered=lambda _level, _figures: "Waits for no payment any more.",
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
        f"Paid, and Image Skill has not added {number(figures['credits'], 'credit')} yet."
        if figures.get("credits")
        else "Paid, and Image Skill has not added the credits yet."
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
    "The payer's bank disputes a payment, and Image Skill took the credits back.",
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
    "An agent named your address at Image Skill and asks to be claimed.",
    "inbox",
    said=lambda _level, _figures: "Asked Image Skill for you to claim it.",
    roles=OWNER_ONLY,
    page="inbox",
    tones=(Tone.INFO,),
    lapses=True,
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
