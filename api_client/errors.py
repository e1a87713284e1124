"""What can go wrong between us and the hosted API.

ApiError
|-- Unreachable            the network failed; there is no answer to read
|   |-- ConnectFailed      no connection was made: nothing was sent
|   |-- TimedOut           no whole answer in time
|   `-- ConnectionLost     the connection broke before the whole answer was read
|-- ContractError          an answer came, and is not what the contract says
`-- Refused                the service said no (contract 1.2 to 1.4)
    |-- AuthRefused        AUTH_REQUIRED: the token is missing, wrong, rotated or revoked
    |-- Forbidden          a valid token that may not do this
    |-- NotFound           no such thing, or not ours to see
    |-- Conflict           the key or the state contradicts what the service knows
    |-- InvalidRequest     the request itself is wrong; sending it again cannot help
    |-- QuotaExceeded      not enough credits, or no daily jobs left
    |-- RateLimited        too many requests
    |-- StorageFailed      made, but not stored: never to be repeated blindly
    `-- ServiceFailed      the service, its provider or its front door is in trouble

Every error says `may_have_started`: true when a write may have taken effect although no success was read.
Reads start nothing.
"""

from typing import ClassVar

from api_client.records.recovery import Recovery

__all__ = [
    "ApiError",
    "AuthRefused",
    "Conflict",
    "ConnectFailed",
    "ConnectionLost",
    "ContractError",
    "Forbidden",
    "InvalidRequest",
    "NotFound",
    "QuotaExceeded",
    "RateLimited",
    "Refused",
    "ServiceFailed",
    "StorageFailed",
    "TimedOut",
    "Unreachable",
]

# The public clients' own names for these two (contract 1.4), so that both sides speak of one thing.
REQUEST_FAILED = "HOSTED_API_REQUEST_FAILED"
NOT_AN_ENVELOPE = "HOSTED_API_NON_JSON_RESPONSE"
CONTRACT_MISMATCH = "CONTRACT_MISMATCH"  # ours (INF)


class ApiError(Exception):
    """Base of everything a call raises. `str()` is for logs, `for_people` for pages; neither holds a secret.

    `retry_after_seconds` is the longest wait asked for, by the Retry-After header or by `recovery`.
    """

    for_people: ClassVar[str] = "The service could not be used."

    # All but the message have defaults: an exception must survive pickling, which calls the class with `args` alone.
    def __init__(
        self,
        message: str,
        *,
        code: str = REQUEST_FAILED,
        retryable: bool = False,
        may_have_started: bool = False,
        recovery: Recovery | None = None,
        trace_id: str | None = None,
        http_status: int | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.retryable = retryable
        self.may_have_started = may_have_started
        self.recovery = recovery
        self.trace_id = trace_id
        self.http_status = http_status
        self.retry_after_seconds = retry_after_seconds

    def __str__(self) -> str:
        trace = f" [{self.trace_id}]" if self.trace_id else ""
        return f"{self.code}: {self.message}{trace}"


class Unreachable(ApiError):
    """No answer could be read."""

    for_people: ClassVar[str] = "The service cannot be reached right now."


class ConnectFailed(Unreachable):
    """Nothing was sent."""


class TimedOut(Unreachable):
    """No whole answer in time; whether a write took effect is not known."""

    for_people: ClassVar[str] = "The service did not answer in time."


class ConnectionLost(Unreachable):
    """The connection broke before the answer was whole; whether a write took effect is not known."""

    for_people: ClassVar[str] = "The connection to the service broke."


class ContractError(ApiError):
    """The answer is not an envelope, is too large, redirects, or lacks what is needed of it."""

    for_people: ClassVar[str] = "The service answered in a way we do not understand."


class Refused(ApiError):
    """The service said no, and none of the branches below says it better."""

    for_people: ClassVar[str] = "The service refused this."


class AuthRefused(Refused):
    """Code AUTH_REQUIRED, whatever the HTTP status."""

    for_people: ClassVar[str] = "The service does not accept this agent's token."


class Forbidden(Refused):
    """The token is known and may not do this."""

    for_people: ClassVar[str] = "The service does not allow this agent to do that."


class NotFound(Refused):
    """Unknown, or another organization's (contract 4.15: the two look alike)."""

    for_people: ClassVar[str] = "The service does not know this."


class Conflict(Refused):
    """For one, an idempotency key used again with other terms (contract 2.8)."""

    for_people: ClassVar[str] = "This contradicts what the service already has."


class InvalidRequest(Refused):
    """Bad arguments, a denied input, or a cost that was not accepted."""

    for_people: ClassVar[str] = "The service does not accept this request as it stands."


class QuotaExceeded(Refused):
    """Credits or daily jobs are used up; `recovery.top_up` may say how to go on."""

    for_people: ClassVar[str] = "The agent has not enough credits or no jobs left today."


class RateLimited(Refused):
    """HTTP 429, with or without an envelope."""

    for_people: ClassVar[str] = "The service asks us to slow down."


class StorageFailed(Refused):
    """ARTIFACT_STORAGE_WRITE_FAILED: the provider succeeded, so a repeat could charge twice (contract 4.7)."""

    for_people: ClassVar[str] = "The result was made but could not be stored. Do not repeat it before reading the job."


class ServiceFailed(Refused):
    """A provider failure, an internal error, or a 5xx from whatever stands before the service."""

    for_people: ClassVar[str] = "The service is in trouble right now."
