"""What all resources share."""

from typing import TypeVar

from api_client.envelope import read_record
from api_client.errors import ContractError
from api_client.records.base import JsonObject, Record
from api_client.secret import Secret
from api_client.transport import Call, Transport

R = TypeVar("R", bound=Record)

MAX_KEY = 200


class Resource:
    """A group of endpoints. Methods raise ApiError for a failed call, ValueError for one not worth sending."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def _record(self, kind: type[R], call: Call, *, at: str | None = None) -> R:
        envelope = self._transport.send(call)
        outcome = read_record(kind, envelope, at=at)
        if isinstance(outcome, ContractError):
            raise outcome
        return outcome


def given(**fields: object) -> JsonObject:
    """The fields that have a value: the contract tells an absent field from a null one."""
    return {name: value for name, value in fields.items() if value is not None}


def checked_key(idempotency_key: str) -> str:
    """An idempotency key that can do its work. Raises ValueError."""
    if not idempotency_key.strip() or len(idempotency_key) > MAX_KEY:
        raise ValueError("an idempotency key must have 1 to 200 characters")
    return idempotency_key


def inbox(contact: Secret | str) -> Secret:
    """An email address as the public clients send it, trimmed and lower-cased: one inbox is one identity."""
    return Secret(Secret.of(contact).reveal().strip().lower())
