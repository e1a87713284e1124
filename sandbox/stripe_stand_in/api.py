"""The whole API as one function: who asks, what for, whether it was asked before, and the answer."""

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from sandbox.stripe_stand_in import control, files, form, intents, keys, payouts, reversals, sessions, store
from sandbox.stripe_stand_in.errors import StripeFailure
from sandbox.stripe_stand_in.form import Params
from sandbox.stripe_stand_in.models import KeptReply
from sandbox.stripe_stand_in.store import Object

_EXPAND_DEPTH = 4


@dataclass(frozen=True)
class Request:
    """One request; `headers` in lower case, `form` is the query of a GET and the body of a POST."""

    method: str
    path: str
    form: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Response:
    """Status, JSON and headers."""

    status: int
    body: Object
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[..., Object]


def _listing(kind: str, url: str, *filters: str) -> Handler:
    return lambda params: store.page(kind, url, params, filters)


def _reading(kind: str) -> Handler:
    def read(_params: Params, object_id: str) -> Object:
        data: Object = store.find(kind, object_id).data
        return data

    return read


_OF_PAYMENT = ("payment_intent", "charge")
ROUTES: list[tuple[str, str, Handler]] = [
    ("POST", "checkout/sessions", sessions.create),
    ("GET", "checkout/sessions", _listing("checkout.session", "/v1/checkout/sessions", "payment_intent", "status")),
    ("GET", "checkout/sessions/ID", _reading("checkout.session")),
    ("POST", "checkout/sessions/ID/expire", lambda _, object_id: sessions.expire(object_id)),
    ("GET", "checkout/sessions/ID/line_items", lambda _, object_id: sessions.line_items(object_id)),
    ("POST", "payment_intents", intents.create),
    ("GET", "payment_intents", _listing("payment_intent", "/v1/payment_intents")),
    ("GET", "payment_intents/ID", _reading("payment_intent")),
    ("POST", "payment_intents/ID/cancel", intents.cancel),
    ("GET", "charges", _listing("charge", "/v1/charges", "payment_intent")),
    ("GET", "charges/ID", _reading("charge")),
    ("POST", "refunds", reversals.refund),
    ("GET", "refunds", _listing("refund", "/v1/refunds", *_OF_PAYMENT)),
    ("GET", "refunds/ID", _reading("refund")),
    ("GET", "disputes", _listing("dispute", "/v1/disputes", *_OF_PAYMENT)),
    ("GET", "disputes/ID", _reading("dispute")),
    ("POST", "disputes/ID", reversals.update_dispute),
    ("POST", "disputes/ID/close", lambda _, object_id: reversals.close_dispute(object_id, is_won=False)),
    ("POST", "files", files.create),
    ("GET", "files/ID", _reading(files.KIND)),
    ("GET", "balance", lambda _: payouts.balance()),
    ("GET", "balance_transactions", _listing("balance_transaction", "/v1/balance_transactions", "source", "type")),
    ("GET", "balance_transactions/ID", _reading("balance_transaction")),
    ("POST", "payouts", payouts.create),
    ("GET", "payouts", _listing("payout", "/v1/payouts", "status")),
    ("GET", "payouts/ID", _reading("payout")),
    ("GET", "events", _listing("event", "/v1/events", "type")),
    ("GET", "events/ID", _reading("event")),
    *control.ROUTES,
]
_COMPILED = [(method, re.compile(f"/v1/{path.replace('ID', '([^/]+)')}"), handler) for method, path, handler in ROUTES]


def answer(request: Request) -> Response:
    """Never raises for what a caller can send: failures are Stripe's error objects."""
    headers = {"request-id": f"req_{secrets.token_hex(8)}"}
    try:
        _authenticate(request.headers.get("authorization", ""))
        handler, ids = _route(request)
        with transaction.atomic():
            status, body = _once(request, lambda params: handler(params, *ids))
    except StripeFailure as failure:
        status, body = failure.status, failure.body
    return Response(status, body, headers)


def _authenticate(header: str) -> None:
    """The secret key as bearer, or as the user name of basic authentication."""
    scheme, _, given = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            given = ""
    if not hmac.compare_digest(given.strip().encode("utf-8", "replace"), keys.api_key().encode()):
        raise StripeFailure("Invalid API Key provided.", status=401)


def _route(request: Request) -> tuple[Handler, tuple[str, ...]]:
    for method, pattern, handler in _COMPILED:
        found = pattern.fullmatch(request.path)
        if found and method == request.method:
            return handler, found.groups()
    raise StripeFailure(f"Unrecognized request URL ({request.method}).", status=404)


def _once(request: Request, call: Callable[[Params], Object]) -> tuple[int, Object]:
    """The answer; for a POST with a key the one that the key was given before, as long as the terms are the same."""
    key = request.headers.get("idempotency-key", "") if request.method == "POST" else ""
    params = form.decode(request.form)
    if not key:
        return 200, _expanded(call(params), params)
    if len(key) > 255:
        raise StripeFailure("Keys for idempotent requests may have at most 255 characters.", kind="idempotency_error")
    terms = hashlib.sha256(json.dumps([request.path, params], sort_keys=True).encode()).hexdigest()
    # Whoever inserts the key first holds its row until the end; an equal request waits here, then reads the answer.
    kept, is_new = KeptReply.objects.select_for_update().get_or_create(key=key, defaults={"terms": terms})
    if kept.terms != terms:
        message = "Keys for idempotent requests can only be used with the same parameters they were first used with."
        raise StripeFailure(message, kind="idempotency_error")
    if is_new:
        kept.status, kept.body = 200, _expanded(call(params), params)
        kept.save()
    return kept.status, kept.body


def _expanded(body: Object, params: Params) -> Object:
    """`expand[]=latest_charge.balance_transaction` puts the object where its id was."""
    paths = params.get("expand") or []
    for path in paths if isinstance(paths, list) else []:
        _expand(body, str(path).split(".")[:_EXPAND_DEPTH])
    return body


def _expand(node: Any, path: list[str]) -> None:  # noqa: ANN401 - any JSON value
    if isinstance(node, list):
        for item in node:
            _expand(item, path)
        return
    if not path or not isinstance(node, dict) or path[0] not in node:
        return
    value = node[path[0]]
    if isinstance(value, str):
        row = store.peek(value)
        if row is None:
            raise StripeFailure(f"This property cannot be expanded ({path[0]}).")
        node[path[0]] = value = row
    _expand(value, path[1:])
