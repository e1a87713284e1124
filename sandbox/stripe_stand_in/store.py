"""Objects in the database: blank ones with every published key, saving, finding, listing in pages."""

import copy
import json
import secrets
import string
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.utils import timezone

from sandbox.stripe_stand_in import form
from sandbox.stripe_stand_in.errors import missing
from sandbox.stripe_stand_in.form import Params
from sandbox.stripe_stand_in.models import StandInObject

Object = dict[str, Any]
_ALPHABET = string.ascii_letters + string.digits
_PREFIXES = {
    "checkout.session": ("cs_test_", 58),
    "payment_intent": ("pi_", 24),
    "charge": ("ch_", 24),
    "refund": ("re_", 24),
    "dispute": ("dp_", 24),
    "event": ("evt_", 24),
    "balance_transaction": ("txn_", 24),
    "payout": ("po_", 24),
    "file": ("file_", 24),
}


def new_id(kind: str) -> str:
    """An id that looks like Stripe's."""
    prefix, length = _PREFIXES[kind]
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))


def blank(kind: str, /, **known: Any) -> Object:  # noqa: ANN401 - values of any JSON kind
    """A new object that has every key of Stripe's own example; what is not `known` is null or empty."""
    shape: Object = {name: [] if isinstance(value, list) else None for name, value in examples()[kind].items()}
    fixed = {"id": new_id(kind), "object": kind, "created": stamp(timezone.now())}
    if "livemode" in shape:
        fixed["livemode"] = False
    if "metadata" in shape:
        fixed["metadata"] = {}
    return copy.deepcopy(shape | fixed | known)


def nested(kind: str, name: str, /, **known: Any) -> Object:  # noqa: ANN401 - as above
    """A part of an object with every key of the example's part."""
    return dict.fromkeys(examples()[kind][name]) | known


@cache
def examples() -> dict[str, Object]:
    """Stripe's official examples, by kind."""
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("fixtures.json").read_text())
    resources: dict[str, Object] = loaded["resources"]
    return resources


def stamp(moment: datetime) -> int:
    """Unix seconds."""
    return int(moment.timestamp())


def add(data: Object, *, payment_intent: str = "", acts_at: datetime | None = None) -> StandInObject:
    """Saves a new object under its own id and kind."""
    return StandInObject.objects.create(
        object_id=data["id"], kind=data["object"], data=data, payment_intent=payment_intent, acts_at=acts_at
    )


def find(kind: str, object_id: str) -> StandInObject:
    """Locks and returns one object. Raises StripeFailure with resource_missing."""
    row = StandInObject.objects.select_for_update().filter(kind=kind, object_id=object_id).first()
    if row is None:
        raise missing(kind, object_id)
    return row


def change(row: StandInObject, **fields: Any) -> Object:  # noqa: ANN401 - values of any JSON kind
    """Overwrites fields of a locked object and saves it."""
    row.data |= fields
    row.save()
    data: Object = row.data
    return data


def page(kind: str, url: str, params: Params, filters: tuple[str, ...]) -> Object:
    """A list as Stripe pages it: newest first, `limit`, `starting_after`, `ending_before`, `created`, own filters."""
    limit = form.whole(params, "limit", low=1, high=100) or 10
    rows = StandInObject.objects.filter(kind=kind)
    for name in filters:
        value = form.text(params, name)
        if name == "payment_intent" and value:
            rows = rows.filter(payment_intent=value)
        elif value:
            rows = rows.filter(**{f"data__{name}": value})
    created = params.get("created")
    bounds = created if isinstance(created, dict) else {"exact": created} if created else {}
    for name in bounds.keys() & {"gt", "gte", "lt", "lte", "exact"}:
        rows = rows.filter(**{f"data__created__{name}": form.whole(bounds, name, high=99_999_999_999)})
    if after := form.text(params, "starting_after"):
        rows = rows.filter(pk__lt=find(kind, after).pk)
    if before := form.text(params, "ending_before"):
        nearest = list(rows.filter(pk__gt=find(kind, before).pk).order_by("pk")[: limit + 1])
        return listed([row.data for row in reversed(nearest[:limit])], url, has_more=len(nearest) > limit)
    found = list(rows.order_by("-pk")[: limit + 1])
    return listed([row.data for row in found[:limit]], url, has_more=len(found) > limit)


def listed(data: list[Object], url: str, *, has_more: bool = False) -> Object:
    """The list object around rows."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def peek(object_id: str) -> Object | None:
    """An object by its id alone, whatever its kind."""
    row = StandInObject.objects.filter(object_id=object_id).first()
    return row.data if row else None
