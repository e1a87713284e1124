"""The ledger of what an agent did (contract 2.22, 3.11). Times are UTC, deltas are credits, costs micro-dollars."""

import json
from typing import TypeVar

from pydantic import Field, ValidationError

from api_client.records.base import (
    Answer,
    Id,
    JsonObject,
    Moment,
    Record,
    SafeText,
    Text,
    Whole,
    Word,
    Words,
    problems_of,
)
from api_client.records.wire import lift, part, usd_to_micros

E = TypeVar("E", bound="ActivityEvent")

MAX_MALFORMED = 16_384  # characters of JSON that a malformed event may keep


class ActivityEvent(Record):
    """One line of the ledger. A type outside the registry is kept and shown, never dropped (contract 4.9).

    `credits_delta` is ours (INF): negative where credits were spent. In the `summary` tokens and contacts are
    taken out; `links` and `details` are as sent, `raw` is the whole event.
    """

    event_id: Id
    type: Id
    occurred_at: Moment
    summary: SafeText = ""
    operation: Word | None = None
    subject_type: Word | None = None
    subject_id: Word | None = None
    status: Word | None = None
    trace_id: Word | None = None
    links: JsonObject = Field(default_factory=dict)
    job_id: Word | None = None
    asset_ids: Words = ()
    credits_delta: Whole | None = None
    estimated_usd_micros: Whole | None = None
    capability_id: Word | None = None
    details: JsonObject = Field(default_factory=dict)
    raw: JsonObject = Field(default_factory=dict)


class MalformedEvent(Record):
    """A ledger line that could not be read: kept as sent, or its beginning under `cut` where it is over the bound.

    `event_id` and `occurred_at` (UTC) are told where at least they could be read.
    """

    raw: JsonObject
    problem: Text
    event_id: Id | None = None
    occurred_at: Moment | None = None


class ActivityPage(Answer):
    """Ledger lines in the service's own order, which the contract does not state."""

    events: tuple[ActivityEvent | MalformedEvent, ...]
    source: Word | None = None

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        # The shape of a single event's answer is unpublished; a lone object is read as a page of one.
        if "events" not in wire and isinstance(wire.get("event"), dict):
            wire["events"] = [wire.pop("event")]
        if isinstance(wire.get("events"), list):
            wire["events"] = tuple(read_event(raw, ActivityEvent) for raw in wire["events"])
        return wire


def read_event(raw: object, kind: type[E]) -> E | MalformedEvent:
    """One line of the wire as the given kind of event; what cannot be read is kept as sent."""
    if not isinstance(raw, dict):
        return MalformedEvent(raw=_bounded(raw), problem="not an object")
    try:
        return kind.model_validate(_flat(raw))
    except ValidationError as error:
        told = {name: raw.get(name) for name in ("event_id", "occurred_at")}
        return MalformedEvent.model_validate({"raw": _bounded(raw), "problem": problems_of(error), **told})


def _flat(raw: JsonObject) -> JsonObject:
    links, details = part(raw, "links"), part(raw, "details")
    flat = {
        "job_id": links.get("job_id"),
        "asset_ids": links.get("asset_ids"),
        "trace_id": links.get("trace_id") or details.get("trace_id"),
        "credits_delta": details.get("credits_delta"),
        "capability_id": part(details, "capability").get("id"),
        **{name: value for name, value in raw.items() if value is not None},
        "raw": raw,
    }
    lift(flat, "subject", subject_type="type", subject_id="id")
    lift(flat, "cost", estimated_usd="estimated_usd")
    usd_to_micros(flat, "estimated_usd", "estimated_usd_micros")
    return flat


def _bounded(raw: object) -> JsonObject:
    text = json.dumps(raw, default=str)
    if len(text) > MAX_MALFORMED:
        return {"cut": text[:MAX_MALFORMED]}
    return raw if isinstance(raw, dict) else {"value": raw}
