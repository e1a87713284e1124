"""What an event means, in a sentence of ours; the service's own words stand beside it."""

from django.conf import settings

# Contract section 3.11.
SENTENCES = {
    "job.planned": "A plan: nothing was made, nothing was charged.",
    "asset.created": "A job made this, and its agent owns it.",
    "asset.uploaded": "The agent brought this itself; nothing was generated.",
    "usage.credit_consumed": f"{settings.PRODUCT_NAME} took these credits for a job.",
    "feedback.created": f"The agent told {settings.PRODUCT_NAME} what is wrong or missing. "
    "Its text is not in the ledger.",
    "feedback.github_queue.processed": f"{settings.PRODUCT_NAME} looked at the agent's feedback.",
    "payment.checkout_session.created": "A payment was opened. It changes no balance until it is paid and settled.",
    "credits.payment_backed_granted": "A payment settled, and its credits were added.",
    "credits.payment_backed_refunded": "A payment was given back, and its credits were taken back.",
    "credits.payment_backed_disputed": "A payer disputed a payment, and its credits were taken back.",
    "credits.payment_backed_reinstated": "A dispute was won, and what it took was given back.",
    "credits.payment_backed_reversal_pending": "A refund or dispute is recorded and not fully applied yet.",
    "credits.payment_backed_reversal_rejected": "A refund or dispute could not be matched to what was paid.",
}
ENDED = {
    "completed": "The job is done.",
    "failed": "The job failed. Credits it had reserved are released within 15 minutes.",
    "canceled": "The job was canceled.",
}
ENDED_OTHERWISE = "The job ended; how, this dashboard has no word for."
UNPUBLISHED = "This type is not in the published contract. It is kept and shown as it came."


def sentence_of(event_type: str, status: str) -> str:
    """Return what an event means; a job that ended by how it ended, for only its status tells."""
    if event_type == "job.completed":
        return ENDED.get(status, ENDED_OTHERWISE)
    return SENTENCES.get(event_type, UNPUBLISHED)


def breach_report(event_id: str, trace_id: str) -> str:
    """Return the text for an agent, which alone can leave feedback: report a type outside the contract."""
    named = f"event {event_id}, trace {trace_id}" if trace_id else f"event {event_id}"
    return (
        f"Please leave feedback at {settings.PRODUCT_NAME}: your activity ledger holds an event of a type that the "
        f"published contract does not name. Evidence: {named}."
    )
