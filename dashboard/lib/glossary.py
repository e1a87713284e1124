"""How raw values are said to people: one glossary of states, which rooms add their own words to.

Nothing is escaped here; the tags in `dashboard.lib.templatetags.ui` do that.
"""

from collections.abc import Mapping

from dashboard.lib.audit_words import AUDIT_ACTIONS
from dashboard.lib.words import Tone, Word
from dashboard.lib.work_words import WORK_WORDS

# Values of the hosted API from contract sections 3.1, 3.9 and 3.11; those marked INF are published nowhere:
# they are what a service is likely to say.
GLOSSARY: dict[str, dict[str, Word]] = {
    **WORK_WORDS,
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
    "capability_status": {
        "available": Word("Available", "done", Tone.GOOD),  # ours (INF)
        "unavailable": Word("Not available", "canceled", Tone.WARN),  # ours (INF)
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
    "audit_action": AUDIT_ACTIONS,
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
