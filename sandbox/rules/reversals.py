"""What a refund or dispute means for credits, step by step, in whatever order its news arrive (contract 3.7)."""

from enum import StrEnum


class Step(StrEnum):
    """One line in the ledger each."""

    NOTE = "note"
    DEBIT = "debit"
    GIVE_BACK = "give_back"
    REJECT = "reject"


_PENDING = {"pending", "requires_action", "warning_needs_response", "warning_under_review"}
_TAKEN = {"succeeded", "needs_response", "under_review", "lost"}
_UNDONE = {"failed", "canceled", "warning_closed", "prevented"}


def steps(state: str | None, provider_status: str) -> list[Step]:
    """What is still to do, given how far we are (None, pending, applied, reinstated, rejected) and the provider's word.

    Money that the bank took and gave back leaves both lines, even when we hear of it only afterwards; a word that
    is older than what we know changes nothing.
    """
    if state in {"reinstated", "rejected"}:
        return []
    if state == "applied":
        return [Step.GIVE_BACK] if provider_status in _UNDONE | {"won"} else []
    if provider_status == "won":
        return [Step.DEBIT, Step.GIVE_BACK]
    if provider_status in _TAKEN:
        return [Step.DEBIT]
    noted = [] if state == "pending" else [Step.NOTE]
    if provider_status in _UNDONE:
        return [*noted, Step.REJECT]
    return noted if provider_status in _PENDING else []
