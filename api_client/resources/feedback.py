"""POST /v1/feedback (contract 2.23, 3.14)."""

from collections.abc import Sequence

from api_client.records.feedback import Feedback as FeedbackRecord
from api_client.resources.base import Resource, given
from api_client.transport import Call


class Feedback(Resource):
    """What an agent has to say. It can never be read back."""

    def create(
        self,
        *,
        title: str | None = None,
        body: str | None = None,
        type: str = "user_feedback",  # noqa: A002 - the contract's field
        severity: str = "medium",
        confidence: str = "medium",
        next_state: str = "watch",
        surface: Sequence[str] = ("cli",),
        evidence: Sequence[str] = (),
        command: str | None = None,
        expected: str | None = None,
        actual: str | None = None,
        friction: str | None = None,
        proof_needed: str | None = None,
        strategic_reason: str | None = None,
        dedupe_key: str | None = None,
        source: str | None = None,
        trace_id: str | None = None,
        allow_weak_signal: bool | None = None,
    ) -> FeedbackRecord:
        """One of `title` and `body` is needed. The contract gives it no key, so it is never repeated."""
        if not (title or body):
            raise ValueError("feedback needs a title or a body")
        fields = given(
            type=type,
            title=title,
            body=body,
            severity=severity,
            confidence=confidence,
            next_state=next_state,
            surface=list(surface),
            evidence=list(evidence),
            command=command,
            expected=expected,
            actual=actual,
            friction=friction,
            proof_needed=proof_needed,
            strategic_reason=strategic_reason,
            dedupe_key=dedupe_key,
            source=source,
            trace_id=trace_id,
            allow_weak_signal=allow_weak_signal,
        )
        return self._record(FeedbackRecord, Call("POST", "/v1/feedback", body=fields))
