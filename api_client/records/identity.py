"""Who an agent is (contract 2.1 to 2.4, 3.1)."""

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from api_client.records.base import Answer, Id, JsonObject, Moment, Record, Text, Word, Words
from api_client.records.wire import lift, part
from api_client.secret import Secret


def _secret(value: object) -> object:
    if not isinstance(value, str):
        return value
    return Secret(value) if value else None


class Actor(Record):
    """Who acts: `actor_type` is agent, human, session or system; `claim_state` as in contract 3.1."""

    actor_id: Id
    organization_id: Id
    actor_type: Word | None = None
    claim_state: Word | None = None


class Health(Answer):
    """The service answers; `status` and `api_version` are words of its own (contract 2.1)."""

    status: Word | None = None
    api_version: Word | None = None


class SignUp(Answer):
    """A new agent, or a known one with its token rotated (contract 2.2).

    `token` comes once and only if asked for: seal it at once. `actor` may be missing, and must not cost us the
    token: ask whoami then. `agent_contact` is redacted by the service. `is_new` is ours (INF).
    """

    # A token that is not a string must fail loudly, and must not be kept among the extra fields.
    unforgiving: ClassVar[frozenset[str]] = frozenset({"token"})

    token: Annotated[Secret | None, BeforeValidator(_secret)] = None
    actor: Actor | None = None
    agent_contact: Text | None = Field(default=None, repr=False)
    agent_name: Text | None = None
    runtime: Text | None = None
    claim_state: Word | None = None
    is_new: bool | None = None

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        if "human_email" in wire:
            wire.setdefault("agent_contact", wire.pop("human_email"))
        return wire


class ClaimRequest(Answer):
    """The agent named a sponsor's inbox (contract 2.3). `state` is attached or unchanged. It proves no ownership."""

    state: Word
    claim_state: Word | None = None
    claim_request_state: Word | None = None
    agent_contact: Text | None = Field(default=None, repr=False)


class Whoami(Answer):
    """The identity behind a token (contract 2.4). `runtime` and `agent_created_at` are ours (INF).

    `claim_state` falls back on the actor's. Times are UTC.
    """

    actor: Actor
    authenticated: bool | None = None
    claim_state: Word | None = None
    claim_request_state: Word | None = None
    token_class: Word | None = None
    token_status: Word | None = None
    token_created_at: Moment | None = None
    grants: Words = ()
    agent_name: Text | None = None
    runtime: Text | None = None
    agent_created_at: Moment | None = None
    agent_contact: Text | None = Field(default=None, repr=False)

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        lift(wire, "agent", agent_name="agent_name", runtime="runtime", agent_created_at="created_at")
        actor = part(wire, "actor")
        if actor:
            organization_id = part(wire, "organization").get("organization_id")
            wire["actor"] = {"organization_id": organization_id, **actor}
            wire["claim_state"] = wire.get("claim_state") or actor.get("claim_state")
        return wire
