"""How raw values are said to people: one glossary of states, and the wording of figures, ids and moments.

Everything here is pure: integers and aware datetimes in, plain text out. Nothing is escaped; the tags in
`dashboard.lib.templatetags.ui` do that. Credits and cents are whole numbers, ages and thresholds are seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dashboard.lib.work_words import WORK_WORDS

MINUS = "\N{MINUS SIGN}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
MINUTE, HOUR, DAY = 60, 3_600, 86_400
# Beyond a month "37 days ago" says less than the date.
RELATIVE_LIMIT = 30 * DAY


class Tone(StrEnum):
    """The status hues of the stylesheet (`.tone-*`)."""

    NEUTRAL = "neutral"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Word:
    """What a raw value is called: its text, its icon (a name of `assets/icons.json`) and its tone."""

    text: str
    icon: str
    tone: Tone = Tone.NEUTRAL


def word_of(text: str, icon: str, tone: str = Tone.NEUTRAL) -> Word:
    """Return a word from the plain parts in which other files keep theirs."""
    return Word(text, icon, Tone(tone))


# Values of the hosted API from contract sections 3.1, 3.9 and 3.11; those marked INF are published nowhere:
# they are what a service is likely to say.
GLOSSARY: dict[str, dict[str, Word]] = {
    **{kind: {raw: word_of(*parts) for raw, parts in words.items()} for kind, words in WORK_WORDS.items()},
    "claim_state": {
        "unclaimed": Word("Unclaimed", "unlink"),
        "payment_backed_unclaimed": Word("Paid, no sponsor", "credits", Tone.INFO),
        "claimed": Word("Claimed", "link", Tone.GOOD),
        "revoked": Word("Revoked", "canceled", Tone.BAD),
    },
    "claim_request_state": {
        "requested": Word("Asks to be claimed", "inbox", Tone.INFO),
    },
    "token_status": {
        "active": Word("Token works", "key", Tone.GOOD),
        "revoked": Word("Token revoked", "canceled", Tone.BAD),  # ours (INF)
    },
    # Contract 3.12.
    "modality": {
        "image": Word("Images", "image"),
        "video": Word("Videos", "play"),
        "audio": Word("Sound", "sound"),
        "3d": Word("Models in 3D", "solid"),
    },
    "model_operation": {
        "image.generate": Word("Make an image", "image"),
        "image.edit": Word("Edit an image", "edit"),
        "image.variation": Word("Vary an image", "switch"),
        "image.upscale": Word("Enlarge an image", "upload"),
        "image.utility": Word("Work on an image", "edit"),
        "image.vision": Word("Look at an image", "search"),
        "video.generate": Word("Make a video", "play"),
        "audio.generate": Word("Make sound", "sound"),
        "3d.generate": Word("Make a 3D model", "solid"),
    },
    # Whether a model runs: our summary of what contract 3.12 tells in two fields.
    "model_standing": {
        "runs": Word("Runs", "done", Tone.GOOD),
        "listed": Word("Listed only", "planned"),
        "unavailable": Word("Not available", "canceled", Tone.WARN),
        "gone": Word("No longer listed", "audit"),
    },
    "job_status": {
        "planned": Word("Planned", "planned"),
        "queued": Word("Queued", "waiting", Tone.INFO),  # ours (INF)
        "running": Word("Running", "running", Tone.INFO),  # ours (INF)
        "completed": Word("Done", "done", Tone.GOOD),
        "failed": Word("Failed", "failed", Tone.BAD),
        "canceled": Word("Canceled", "canceled"),
    },
    "run_outcome": {
        "done": Word("Done", "done", Tone.GOOD),
        "retry": Word("Failed, tried again later", "alert", Tone.WARN),
        "stopped": Word("Stopped", "stop", Tone.BAD),
        "internal": Word("Internal error", "error", Tone.BAD),
        "lost": Word("Lost its worker", "unknown", Tone.WARN),
    },
    "lever_state": {
        "ready": Word("Will be done", "planned"),
        "done": Word("Done", "done", Tone.GOOD),
        "retried": Word("Being told again", "sync", Tone.WARN),
        "refused": Word("Refused", "canceled", Tone.BAD),
        "absent": Word("Not available", "minus"),
    },
    # Whether Image Skill holds an agent to its hard limits.
    "limits_state": {
        "absent": Word("Advisory", "info", Tone.WARN),
        "ready": Word("Not told yet", "planned"),
        "done": Word("Enforced", "shield", Tone.GOOD),
        "retried": Word("Being told", "sync", Tone.WARN),
        "refused": Word("Refused: advisory", "canceled", Tone.BAD),
    },
    "replacement_state": {
        "calling": Word("Being asked", "waiting", Tone.INFO),
        "done": Word("Replaced", "done", Tone.GOOD),
        "other": Word("Another agent answered", "alert", Tone.BAD),
        "refused": Word("Nothing replaced", "canceled", Tone.WARN),
        "unclear": Word("Not known", "unknown", Tone.BAD),
    },
    # Ours, but for what the service says itself (contract 2.12): those pass through `remote_state`.
    "purchase_state": {
        "quoting": Word("Asking for the price", "waiting"),
        "quoted": Word("Price held", "waiting", Tone.INFO),
        "opening": Word("Opening the payment", "waiting", Tone.INFO),
        "open": Word("Waiting for the payer", "checkout", Tone.INFO),
        "processing": Word("Payment under way", "running", Tone.INFO),
        "paid": Word("Paid, credits on their way", "running", Tone.INFO),
        "succeeded": Word("Credits added", "done", Tone.GOOD),
        "expired": Word("Expired", "clock"),
        "failed": Word("Not paid", "failed", Tone.BAD),
        "canceled": Word("Canceled", "canceled"),
        "refused": Word("Refused", "canceled", Tone.BAD),
    },
    "payment_method": {
        "stripe_checkout": Word("Stripe Checkout", "checkout"),
        "stripe_x402.exact.usdc": Word("USDC deposit (x402)", "credits"),
        "fake": Word("Test settlement", "planned"),
    },
    "light_source": {
        "status": Word("Payment status", "credits"),
        "ledger": Word("Activity ledger", "activity"),
        "quota": Word("Balance", "credits"),
        "stripe": Word("Stripe", "checkout"),
    },
    "reversal_kind": {
        "refunded": Word("Refunded", "undo", Tone.WARN),
        "disputed": Word("Disputed", "dispute", Tone.BAD),
        "reinstated": Word("Given back", "grant", Tone.GOOD),
        "pending": Word("Reversal pending", "waiting", Tone.WARN),
        "rejected": Word("Reversal rejected", "failed", Tone.BAD),
    },
    "top_up_advice": {
        "low_remaining_credits": Word("Credits run low", "credits", Tone.WARN),
        "credits_depleted": Word("Credits are used up", "credits", Tone.BAD),
        "daily_job_cap_reached": Word("Jobs of today are used", "jobs", Tone.WARN),
        "self_fund_setup_missing": Word("Cannot pay for itself", "credits"),
        "available": Word("Topping up is possible", "credits"),
    },
    "refund_order": {
        "pending": Word("On its way to Stripe", "clock", Tone.INFO),
        "done": Word("Refunded", "undo", Tone.GOOD),
        "refused": Word("Not refunded", "canceled", Tone.BAD),
    },
    # Stripe's own words (https://docs.stripe.com/api/refunds/object).
    "refund_status": {
        "pending": Word("Under way", "clock", Tone.INFO),
        "requires_action": Word("Waits for the payer", "clock", Tone.WARN),
        "succeeded": Word("Given back", "undo", Tone.GOOD),
        "failed": Word("Failed", "error", Tone.BAD),
        "canceled": Word("Canceled", "canceled", Tone.NEUTRAL),
    },
    # Stripe's own words (https://docs.stripe.com/api/disputes/object).
    "dispute_status": {
        "warning_needs_response": Word("Early warning", "alert", Tone.WARN),
        "warning_under_review": Word("Warning with the bank", "clock", Tone.INFO),
        "warning_closed": Word("Warning closed", "done", Tone.GOOD),
        "needs_response": Word("Needs an answer", "dispute", Tone.BAD),
        "under_review": Word("With the bank", "clock", Tone.INFO),
        "won": Word("Won", "done", Tone.GOOD),
        "lost": Word("Lost", "canceled", Tone.BAD),
        "prevented": Word("Prevented", "done", Tone.GOOD),
    },
    "dispute_lead": {
        "warning_needs_response": Word("The payer's bank asks. No money has moved yet.", "alert", Tone.WARN),
        "warning_under_review": Word("The bank has our answer. No money has moved.", "clock", Tone.INFO),
        "warning_closed": Word("The bank asked no further. No money moved.", "done", Tone.GOOD),
        "needs_response": Word("The bank has taken the money back. Answer to get it again.", "dispute", Tone.BAD),
        "under_review": Word("The bank has our answer, and the money until it decides.", "clock", Tone.INFO),
        "won": Word("Won: the money came back. The fee stays with Stripe.", "done", Tone.GOOD),
        "lost": Word("Lost: the money and the fee are gone.", "canceled", Tone.BAD),
        "prevented": Word("It was prevented before it became a dispute.", "done", Tone.GOOD),
    },
    "dispute_reason": {
        "bank_cannot_process": Word("The bank cannot process it", "dispute"),
        "credit_not_processed": Word("A refund is missed", "dispute"),
        "customer_initiated": Word("The payer's wish", "dispute"),
        "debit_not_authorized": Word("Debit not authorised", "dispute"),
        "duplicate": Word("Charged twice", "dispute"),
        "fraudulent": Word("Said to be fraud", "dispute"),
        "general": Word("No reason given", "dispute"),
        "incorrect_account_details": Word("Wrong account details", "dispute"),
        "insufficient_funds": Word("Insufficient funds", "dispute"),
        "product_not_received": Word("Nothing received", "dispute"),
        "product_unacceptable": Word("Not as described", "dispute"),
        "subscription_canceled": Word("Said to be canceled", "dispute"),
        "unrecognized": Word("Not recognised", "dispute"),
    },
    "answer_state": {
        "draft": Word("Being written", "edit", Tone.INFO),
        "sending": Word("On its way to Stripe", "clock", Tone.INFO),
        "sent": Word("Handed in", "done", Tone.GOOD),
    },
    "audit_action": {
        "asset.hidden": Word("Hid assets from the gallery", "hide"),
        "asset.shown": Word("Showed hidden assets again", "eye"),
        "asset.tagged": Word("Tagged assets", "tag"),
        "asset.untagged": Word("Took a tag away", "tag"),
        "assets.downloaded": Word("Downloaded assets", "download", Tone.INFO),
        "access.refused": Word("Was refused a page", "lock", Tone.BAD),
        "activity.exported": Word("Exported the activity", "download", Tone.INFO),
        "assets.keeping_changed": Word("Changed what originals are kept", "settings", Tone.INFO),
        "assets.originals_purged": Word("Purged originals", "trash", Tone.WARN),
        "assets.asset_purged": Word("Purged a picture", "trash", Tone.WARN),
        "agent.claimed": Word("Linked an agent", "link", Tone.GOOD),
        "agent.instructed": Word("Asked Image Skill to act on an agent", "stop", Tone.WARN),
        "agent.relinked": Word("Linked an agent again", "sync", Tone.GOOD),
        "agent.released": Word("Unclaimed an agent", "unlink", Tone.WARN),
        "agent.started": Word("Started an agent again", "undo", Tone.WARN),
        "agent.stopped": Word("Stopped an agent", "stop", Tone.BAD),
        "agent.token_replaced": Word("Replaced an agent's token", "key", Tone.WARN),
        "agent.token_refused": Word("Image Skill refused the token", "key", Tone.BAD),
        "audit.exported": Word("Exported the audit log", "download", Tone.INFO),
        "balance.exported": Word("Exported a balance history", "download", Tone.INFO),
        "billing.exported": Word("Exported the platform's money", "download", Tone.INFO),
        "buyer_details.changed": Word("Changed the buyer on receipts", "edit", Tone.INFO),
        "alerts.chosen": Word("Chose what to be told", "alert"),
        "alerts.exception_added": Word("Added an exception to alerts", "alert"),
        "alerts.exception_removed": Word("Removed an exception to alerts", "alert"),
        "alerts.inheritance_ended": Word("Ended alerts that somebody left behind", "alert", Tone.WARN),
        "alerts.sent_again": Word("Sent an alert again", "undo"),
        "alerts.webhook_disabled": Word("Switched a failing webhook off", "webhooks", Tone.BAD),
        "alerts.webhook_removed": Word("Removed the webhook of alerts", "webhooks", Tone.WARN),
        "alerts.webhook_saved": Word("Set the webhook of alerts", "webhooks", Tone.WARN),
        "alerts.webhook_secret_renewed": Word("Made a new secret for the webhook", "webhooks", Tone.WARN),
        "alerts.unsubscribed": Word("Ended alert mails", "mail", Tone.WARN),
        "buying_rule.changed": Word("Changed when buying asks for a sign-in", "shield", Tone.WARN),
        "claim.asked": Word("An agent asked to be linked", "mail", Tone.INFO),
        "claim.blocked": Word("Blocked an agent for an address", "lock", Tone.WARN),
        "claim.code_made": Word("Made a claim code", "terminal"),
        "claim.expired": Word("A claim ran out of time", "clock"),
        "claim.presented": Word("An agent answered the code", "agent", Tone.INFO),
        "claim.refused": Word("Claim not taken", "canceled", Tone.BAD),
        "claim.reported": Word("Reported an agent", "dispute", Tone.BAD),
        "claim.token_pasted": Word("Pasted an agent's token", "key"),
        "dispute.answer_sent": Word("Handed an answer to a dispute in", "dispute", Tone.WARN),
        "dispute.answer_written": Word("Wrote at an answer to a dispute", "edit", Tone.INFO),
        "export.downloaded": Word("Downloaded an export", "download", Tone.INFO),
        "export.requested": Word("Asked for an export", "download", Tone.INFO),
        "factor.added": Word("Added a way to sign in", "shield", Tone.INFO),
        "factor.refused": Word("A second factor was wrong", "canceled", Tone.BAD),
        "factor.removed": Word("Removed a way to sign in", "shield", Tone.WARN),
        "factor.renewed": Word("Made new recovery codes", "sync", Tone.INFO),
        "guardrails.changed": Word("Changed an agent's guardrails", "shield", Tone.WARN),
        "feedback.answered": Word("Answered feedback", "mail", Tone.INFO),
        "feedback.assigned": Word("Changed who looks after feedback", "user"),
        "feedback.erased": Word("Erased feedback's text", "trash", Tone.WARN),
        "feedback.exported": Word("Exported feedback", "download", Tone.INFO),
        "feedback.goodwill": Word("Wrote to billing about feedback", "credits"),
        "feedback.merged": Word("Merged feedback", "link"),
        "feedback.muted": Word("Muted a source of feedback", "stop", Tone.WARN),
        "feedback.noted": Word("Wrote a note on feedback", "edit"),
        "feedback.private": Word("Changed who may see feedback", "lock", Tone.WARN),
        "feedback.proof": Word("Ticked a proof of feedback", "check"),
        "feedback.snoozed": Word("Let feedback sleep", "clock"),
        "feedback.split": Word("Split feedback", "unlink"),
        "feedback.state": Word("Decided on feedback", "feedback", Tone.INFO),
        "feedback.tracked": Word("Linked feedback to a tracker", "external"),
        "feedback.goodwill_settled": Word("Settled a goodwill note", "done", Tone.GOOD),
        "feedback.picture_seen": Word("Looked at a picture that feedback cites", "image"),
        "feedback.pruned": Word("Forgot the text of old feedback", "trash"),
        "feedback.unlike": Word("Said that feedback is not alike", "unlink"),
        "feedback.undone": Word("Took a decision on feedback back", "undo"),
        "feedback.unmuted": Word("Hears a source of feedback again", "undo"),
        "hand_off.dismissed": Word('Said "not now" to an agent', "canceled"),
        "hand_offs.muted": Word("Asked not to be asked by an agent", "canceled", Tone.WARN),
        "hand_offs.unmuted": Word("Lets an agent ask again", "undo"),
        "invitation.accepted": Word("Accepted an invitation", "members", Tone.GOOD),
        "invitation.declined": Word("Declined an invitation", "canceled"),
        "invitation.revoked": Word("Withdrew an invitation", "canceled"),
        "invitation.sent": Word("Invited somebody", "mail", Tone.INFO),
        "membership.added": Word("Added a member", "members", Tone.INFO),
        "membership.left": Word("Left the workspace", "sign-out", Tone.WARN),
        "membership.removed": Word("Removed a member", "members", Tone.WARN),
        "membership.role_changed": Word("Changed a role", "members", Tone.WARN),
        "ownership.declined": Word("Declined the ownership", "canceled"),
        "ownership.handed_over": Word("Took the ownership over", "shield", Tone.WARN),
        "ownership.offer_withdrawn": Word("Took the offer of ownership back", "undo"),
        "ownership.offered": Word("Offered the ownership", "shield", Tone.INFO),
        "ownership.reassigned": Word("Gave a workspace another owner", "shield", Tone.WARN),
        "platform_role.granted": Word("Gave a platform role", "shield", Tone.WARN),
        "platform_role.revoked": Word("Took a platform role away", "shield", Tone.WARN),
        "purchase.canceled": Word("Gave a purchase up", "canceled"),
        "purchase.ended": Word("A purchase ended unpaid", "clock"),
        "purchase.opened": Word("Opened a payment", "checkout", Tone.INFO),
        "purchase.quoted": Word("Got a price", "credits", Tone.INFO),
        "purchase.refused": Word("Image Skill refused a purchase", "canceled", Tone.BAD),
        "purchase.settled": Word("Credits were bought", "grant", Tone.GOOD),
        "purchase.started": Word("Asked for a price", "credits"),
        "receipts.exported": Word("Exported receipts", "download", Tone.INFO),
        "refund.made": Word("Gave money back", "undo", Tone.WARN),
        "refund.ordered": Word("Ordered a refund", "undo", Tone.WARN),
        "session.ended": Word("Signed a browser out", "sign-out"),
        "spend.exported": Word("Exported the spending", "download", Tone.INFO),
        "statement.exported": Word("Exported a statement", "download", Tone.INFO),
        "thread.assigned": Word("Changed who looks after a thread", "user"),
        "thread.opened": Word("Told billing that something is wrong", "help", Tone.INFO),
        "thread.reopened": Word("Opened a thread again", "undo", Tone.WARN),
        "thread.solved": Word("Marked a thread as solved", "done", Tone.GOOD),
        "thread.written": Word("Wrote in a thread", "mail"),
        "token_keys.rotated": Word("Sealed tokens with a new key", "lock", Tone.INFO),
        "workspace.created": Word("Made a workspace", "plus", Tone.INFO),
        "workspace.renamed": Word("Renamed the workspace", "edit", Tone.INFO),
    },
    "alert_ending": {
        "recovered": Word("Recovered", "done", Tone.GOOD),
        "lapsed": Word("No longer followed", "minus"),
    },
    "delivery_state": {
        "waiting": Word("Waiting", "waiting", Tone.INFO),
        "queued": Word("Being sent", "running", Tone.INFO),
        "sent": Word("Sent", "done", Tone.GOOD),
        "given_up": Word("Given up", "failed", Tone.BAD),
        "dropped": Word("Not sent", "canceled"),
    },
    "audit_outcome": {
        "done": Word("Done", "done", Tone.GOOD),
        "refused": Word("Refused", "canceled", Tone.BAD),
    },
    "export_state": {
        "queued": Word("Waiting", "waiting", Tone.INFO),
        "running": Word("Being made", "running", Tone.INFO),
        "done": Word("Ready", "done", Tone.GOOD),
        "failed": Word("Failed", "failed", Tone.BAD),
        "expired": Word("Deleted", "clock"),
    },
    "thread_problem": {
        "refund_wish": Word("I want money back", "undo"),
        "missing_credits": Word("Credits are missing", "credits"),
        "strange_charge": Word("A charge is strange", "alert"),
        "other": Word("Something else", "help"),
    },
    # Whose turn it is, as the workspace reads it and as billing does.
    "thread_state": {
        "waits_billing": Word("Waiting for billing", "waiting", Tone.INFO),
        "waits_sponsor": Word("Waiting for you", "inbox", Tone.WARN),
        "solved": Word("Solved", "done", Tone.GOOD),
        "reopened": Word("Opened again", "undo", Tone.INFO),
    },
    "thread_state_desk": {
        "waits_billing": Word("Waiting for us", "inbox", Tone.WARN),
        "waits_sponsor": Word("Waiting for the sponsor", "waiting", Tone.INFO),
        "solved": Word("Solved", "done", Tone.GOOD),
        "reopened": Word("Opened again", "undo", Tone.WARN),
    },
    "thread_subject": {
        "agent": Word("Agent", "agent"),
        "purchase": Word("Purchase", "purchases"),
        "receipt": Word("Receipt", "receipts"),
    },
    "feedback_state": {
        "new": Word("New", "inbox", Tone.INFO),
        "triaged": Word("Triaged", "planned"),
        "accepted": Word("Accepted", "check", Tone.INFO),
        "in_progress": Word("In progress", "running", Tone.INFO),
        "done": Word("Done", "done", Tone.GOOD),
        "regressed": Word("Regressed", "undo", Tone.BAD),
        "wont_do": Word("Won't do", "canceled"),
        "duplicate": Word("Duplicate", "copy"),
        "spam": Word("Spam", "trash"),
        "private": Word("Private", "lock", Tone.WARN),
    },
    "feedback_level": {
        "low": Word("Low", "minus"),
        "medium": Word("Medium", "info"),
        "high": Word("High", "alert", Tone.WARN),
        "critical": Word("Critical", "error", Tone.BAD),
    },
    "feedback_change": {
        "arrived": Word("Arrived", "inbox"),
        "folded": Word("Reported again by the same agent", "copy"),
        "state": Word("Changed the state", "edit"),
        "assigned": Word("Changed who looks after it", "user"),
        "snoozed": Word("Let it sleep", "clock"),
        "woken": Word("Woke up", "clock"),
        "merged": Word("Merged", "link"),
        "split": Word("Split", "unlink"),
        "private": Word("Changed who may see it", "lock"),
        "proof": Word("Ticked a proof", "check"),
        "noted": Word("Wrote a note", "edit"),
        "answered": Word("Answered", "mail"),
        "tracked": Word("Linked a tracker", "external"),
        "goodwill": Word("Wrote to billing", "credits"),
        "erased": Word("Erased text", "trash"),
        "undone": Word("Took it back", "undo"),
    },
    # The service's own queue (contract 3.11); the spelling of its states is not fixed.
    "github_queue": {
        "promoted": Word("Promoted", "external", Tone.INFO),
        "skipped": Word("Skipped", "minus"),
        "deduped": Word("Already known", "copy"),
        "blocked": Word("Blocked", "canceled", Tone.WARN),
        "already_mirrored": Word("Already mirrored", "done"),
    },
    "event_type": {
        "job.planned": Word("Planned a job", "planned"),
        # A failed job comes as job.completed too: only its status tells, so the type alone is no good news.
        "job.completed": Word("Job ended", "jobs"),
        "asset.created": Word("Made an asset", "image"),
        "asset.uploaded": Word("Uploaded an asset", "upload"),
        "usage.credit_consumed": Word("Spent credits", "spend"),
        "feedback.created": Word("Left feedback", "feedback"),
        "feedback.github_queue.processed": Word("Feedback was processed", "feedback"),
        "payment.checkout_session.created": Word("Opened a checkout", "checkout", Tone.INFO),
        "credits.payment_backed_granted": Word("Credits added", "grant", Tone.GOOD),
        "credits.payment_backed_refunded": Word("Credits refunded", "undo", Tone.WARN),
        "credits.payment_backed_disputed": Word("Payment disputed", "dispute", Tone.BAD),
        "credits.payment_backed_reinstated": Word("Credits reinstated", "grant", Tone.GOOD),
        "credits.payment_backed_reversal_pending": Word("Reversal pending", "waiting", Tone.WARN),
        "credits.payment_backed_reversal_rejected": Word("Reversal rejected", "failed", Tone.BAD),
    },
}
# What a job.completed event says of its job: only its status tells.
JOB_ENDED = {
    "completed": Word("Finished a job", "done", Tone.GOOD),
    "failed": Word("A job failed", "failed", Tone.BAD),
    "canceled": Word("A job was canceled", "canceled"),
}
UNTOLD = Word("Not told", "unknown")


def words_add(words: Mapping[str, Mapping[str, Word]]) -> None:
    """Take up a room's own words, as the room is loaded."""
    for kind, more in words.items():
        GLOSSARY.setdefault(kind, {}).update(more)


def word_for(kind: str, raw: str | None) -> Word:
    """Return the word for a raw value of a glossary `kind`; a value it does not know is said as it came.

    Raises KeyError for an unknown kind: that is a mistake of ours, not a surprise of the service.
    """
    words = GLOSSARY[kind]
    if not raw:
        return UNTOLD
    return words.get(raw) or Word(raw, "unknown")


def event_word(event_type: str, status: str) -> Word:
    """Return the word for a ledger event; a job that ended is said by how it ended."""
    ended = JOB_ENDED.get(status) if event_type == "job.completed" else None
    return ended or word_for("event_type", event_type)


def is_published(kind: str, raw: str) -> bool:
    """Tell whether the contract has this value; what it has not is shown as given, and marked."""
    return raw in GLOSSARY[kind]


def field_text(name: str) -> str:
    """Return the name of a field as words: "warn_credits_per_day" -> "Warn credits per day"."""
    return name.replace("_", " ").capitalize()


def value_text(value: object) -> str:
    """Return a kept value (JSON) as plain text: an empty one as a dash, a list or mapping in one line."""
    if value is None or value in ("", [], {}):
        return "\N{EN DASH}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(value_text, value))
    if isinstance(value, dict):
        return ", ".join(f"{field_text(name).lower()} {value_text(one)}" for name, one in value.items())
    return str(value)


def signed_text(text: str, *, is_negative: bool, is_delta: bool) -> str:
    if is_negative:
        return MINUS + text
    return f"+{text}" if is_delta else text


def credits_text(credits_: int, *, is_delta: bool = False) -> str:
    """Return whole credits with thousands separators and a true minus; a delta above zero carries a plus."""
    return signed_text(f"{abs(credits_):,}", is_negative=credits_ < 0, is_delta=is_delta and credits_ > 0)


def credits_unit(credits_: int) -> str:
    return "credit" if abs(credits_) == 1 else "credits"


def money_text(cents: int, *, is_delta: bool = False, currency: str = "USD") -> str:
    """Return cents exact to the cent: 123456 -> "$1,234.56"; of another currency with its name: "1,234.56 EUR"."""
    whole, rest = divmod(abs(cents), 100)
    told = f"${whole:,}.{rest:02}" if currency == "USD" else f"{whole:,}.{rest:02} {currency}"
    return signed_text(told, is_negative=cents < 0, is_delta=is_delta and cents > 0)


def split_middle(text: str, *, head: int = 9, tail: int = 4) -> tuple[str, str, str]:
    """Return (head, middle, tail); the middle, which pages shorten, is empty where that saves nothing."""
    if len(text) <= head + tail + 1:
        return text, "", ""
    return text[:head], text[head:-tail], text[-tail:]


def truncate_middle(text: str, *, head: int = 9, tail: int = 4) -> str:
    """Return the text with its middle as one ellipsis: "agt_7f3a9…c2d1"."""
    start, middle, end = split_middle(text, head=head, tail=tail)
    return f"{start}{ELLIPSIS}{end}" if middle else text


def span_text(seconds: int) -> str:
    """Return a length of time in its largest whole unit: "4 min", "3 h", "1 day"."""
    if seconds < HOUR:
        return f"{seconds // MINUTE} min"
    if seconds < DAY:
        return f"{seconds // HOUR} h"
    days = seconds // DAY
    return "1 day" if days == 1 else f"{days} days"


def relative_text(moment: datetime, now: datetime) -> str:
    """Return how far `moment` is from `now`: "just now", "4 min ago", "in 3 h"; beyond a month its date.

    The date is that of `moment`'s own zone: pass it in the viewer's. static/js/times.js says the same words.
    """
    seconds = int((now - moment).total_seconds())
    distance = abs(seconds)
    if distance >= RELATIVE_LIMIT:
        return f"{moment.day} {moment:%b %Y}"
    if distance < MINUTE:
        return "just now" if seconds >= 0 else "in under a minute"
    return f"{span_text(distance)} ago" if seconds > 0 else f"in {span_text(distance)}"


def relative_until(moment: datetime, now: datetime) -> datetime | None:
    """Return the moment from which `relative_text` says something else than now; None: it stays as it is."""
    seconds = int((now - moment).total_seconds())
    distance = abs(seconds)
    unit = MINUTE if distance < HOUR else HOUR if distance < DAY else DAY
    whole = distance // unit
    if seconds < 0:
        # Whole seconds are told: "in 2 days" is still true when there are exactly two; the last second is "just now".
        left = min(max(whole * unit, 1), RELATIVE_LIMIT)
        return moment - timedelta(seconds=left) + timedelta(microseconds=1)
    return None if distance >= RELATIVE_LIMIT else moment + timedelta(seconds=(whole + 1) * unit)


def exact_text(moment: datetime) -> str:
    """Return the full moment in its own zone: "20 Nov 2026, 17:04:09 CET"."""
    return f"{moment.day} {moment:%b %Y, %H:%M:%S %Z}"


def age_word(age_seconds: int | None, *, stale_after: int, late_after: int) -> Word:
    """Return how a figure of this age stands: fresh, stale or out of date; None means it was never read."""
    if age_seconds is None:
        return Word("never read", "error", Tone.BAD)
    if age_seconds >= late_after:
        return Word("out of date", "error", Tone.BAD)
    if age_seconds >= stale_after:
        return Word("stale", "alert", Tone.WARN)
    return Word("fresh", "clock")
