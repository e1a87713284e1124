"""The only place where a sealed agent token is opened and the hosted API's clients are made."""

import atexit
import os
from contextlib import AbstractContextManager
from typing import Protocol

from django.conf import settings

from api_client import Client, OperatorClient, Secret, Timeouts, connection_pool
from dashboard.lib.sealing import seal, unseal

# Kept connections, one pool a process: a fresh one for each call would cost a handshake each. Made here, for threads
# that make it on first use make one each and lose all but the last with what it holds open.
_connections = connection_pool()


def _connect_anew() -> None:
    global _connections  # noqa: PLW0603 - one pool a process
    _connections = connection_pool()


def _disconnect() -> None:
    _connections.close()


os.register_at_fork(after_in_child=_connect_anew)
atexit.register(_disconnect)


class TokenHolder(Protocol):
    """A row that holds a sealed token under an identity of its own."""

    token_sealed: str

    @property
    def seal_identity(self) -> str: ...


def token_seal(token: Secret | str, *, identity: str) -> str:
    return seal(Secret.of(token).reveal(), identity=identity)


def token_move(holder: TokenHolder, *, identity: str) -> str:
    """Return a holder's token sealed for another row; raises SealBroken."""
    return seal(unseal(holder.token_sealed, identity=holder.seal_identity), identity=identity)


def client_for(holder: TokenHolder, *, deadline_seconds: float) -> AbstractContextManager[Client]:
    """Return a client that acts with the holder's token; raises SealBroken.

    `deadline_seconds` bounds each call with its retries.
    """
    token = unseal(holder.token_sealed, identity=holder.seal_identity)
    return client_with(token, deadline_seconds=deadline_seconds)


def client_with(token: Secret | str | None, *, deadline_seconds: float) -> Client:
    """Return a client for a token that was just presented, or for nobody: a sign-up and what is public
    come without a token."""
    return Client(
        base_url=settings.IMAGE_SKILL_API_BASE_URL,
        token=token,
        timeouts=Timeouts(read=deadline_seconds, total=deadline_seconds),
        transport=settings.API_TRANSPORT() if settings.API_TRANSPORT else _connections,
    )


def has_operator() -> bool:
    """Tell whether the service lets us do what only its own people may (the operator extension, ours)."""
    return bool(settings.IMAGE_SKILL_OPERATOR_KEY)


def operator_client(*, deadline_seconds: float) -> OperatorClient | None:
    """Return a client of the operator extension; None where the service has none for us."""
    if not has_operator():
        return None
    return OperatorClient(
        base_url=settings.IMAGE_SKILL_OPERATOR_BASE_URL,
        key=settings.IMAGE_SKILL_OPERATOR_KEY,
        timeouts=Timeouts(read=deadline_seconds, total=deadline_seconds),
        transport=settings.API_TRANSPORT() if settings.API_TRANSPORT else _connections,
    )
