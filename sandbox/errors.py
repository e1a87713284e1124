"""Every error the sandbox answers with: its HTTP status, exit code and whether a retry can help.

Codes and statuses: contract 1.4; exit codes: contract 9. What the contract leaves open is ours (INF).
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    """How one error code travels."""

    status: int
    exit_code: int
    is_retryable: bool = False


KINDS = {
    "INVALID_ARGUMENTS": Kind(400, 2),
    "MODEL_PARAMETERS_INVALID": Kind(400, 2),
    "PAYMENT_CREDENTIAL_REJECTED": Kind(400, 2),
    "AUTH_REQUIRED": Kind(401, 3),
    "CAPABILITY_DENIED": Kind(403, 4),
    "QUOTA_EXCEEDED": Kind(402, 5),
    "DAILY_JOB_CAP_REACHED": Kind(402, 5),
    "BUDGET_EXCEEDED": Kind(402, 5),
    "GUARDRAIL_EXCEEDED": Kind(402, 5),
    "BUDGET_REQUIRES_CONFIRMATION": Kind(402, 5),
    "INPUT_POLICY_DENIED": Kind(400, 6),
    "PROVIDER_FAILURE": Kind(502, 7, is_retryable=True),
    "ARTIFACT_STORAGE_WRITE_FAILED": Kind(500, 9),
    "PUBLIC_CLI_COMMAND_NOT_AVAILABLE": Kind(400, 2),
    "CREDIT_QUOTE_CONFLICT": Kind(409, 1),
    "IDEMPOTENCY_CONFLICT": Kind(409, 1),
    "CLAIM_CONFLICT": Kind(409, 1),
    "CREDIT_QUOTE_EXPIRED": Kind(409, 1),
    "CREDIT_QUOTE_PAID": Kind(409, 1),
    "PAYMENT_METHOD_UNAVAILABLE": Kind(409, 1),
    "REVERSAL_REFUSED": Kind(409, 1),
    "WEBHOOK_REFUSED": Kind(400, 2),
    "MODEL_NOT_EXECUTABLE": Kind(409, 1),
    "MODEL_NOT_FOUND": Kind(404, 1),
    "CAPABILITY_NOT_FOUND": Kind(404, 1),
    "JOB_NOT_FOUND": Kind(404, 1),
    "ASSET_NOT_FOUND": Kind(404, 1),
    "ACTIVITY_NOT_FOUND": Kind(404, 1),
    "CREDIT_PACK_NOT_FOUND": Kind(404, 1),
    "CREDIT_QUOTE_NOT_FOUND": Kind(404, 1),
    "PAYMENT_NOT_FOUND": Kind(404, 1),
    "AGENT_NOT_FOUND": Kind(404, 1),
    "FEEDBACK_NOT_FOUND": Kind(404, 1),
    "NOT_FOUND": Kind(404, 1),
    "RATE_LIMITED": Kind(429, 5, is_retryable=True),
    "METHOD_NOT_ALLOWED": Kind(405, 2),
    "PAYLOAD_TOO_LARGE": Kind(413, 2),
    "INTERNAL_ERROR": Kind(500, 7, is_retryable=True),
}


class ApiError(Exception):
    """Ends a request with an error envelope. `message` is public: it never holds a value that the caller sent.

    `allow` is the method that a refused one should have been.
    """

    def __init__(self, code: str, message: str, *, recovery: dict[str, Any] | None = None, allow: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.recovery = recovery
        self.allow = allow
        self.kind = KINDS[code]


def invalid(message: str, **recovery: Any) -> ApiError:  # noqa: ANN401 - recovery is open by contract
    """The caller's body, query or header is wrong."""
    return ApiError("INVALID_ARGUMENTS", message, recovery=recovery or None)
