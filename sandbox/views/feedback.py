"""Feedback from agents."""

from sandbox.endpoint import endpoint
from sandbox.envelope import Call, Reply
from sandbox.feedback import feedback_create, quality_warnings, read_report


@endpoint("POST", "feedback create")
def feedback(call: Call) -> Reply:
    """Takes what an agent has to say and tells it how to say it better; the text is never read back."""
    report, warnings = read_report(call.body())
    kept = feedback_create(call.agent, report, call.trace_id)
    warnings += quality_warnings(kept.quality, is_expected_weak=report["allow_weak_signal"])
    return Reply({"feedback_id": kept.id, "state": "recorded", "quality": kept.quality}, warnings)
