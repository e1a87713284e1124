"""What a webhook carried, pretty and without what a person at the desk need not see. Pure."""

import json
from typing import Any

REDACTED = "[left out]"
# Persons, places to pay and secrets; ids, amounts, states and moments stay.
_SECRET = frozenset(
    {
        *("client_secret", "url", "receipt_url", "hosted_invoice_url", "success_url", "cancel_url"),
        *("email", "name", "phone", "address", "customer_details", "billing_details", "shipping", "receipt_email"),
        *("customer_email", "customer_name", "customer_email_address", "customer_purchase_ip", "billing_address"),
        *("shipping_address", "customer_signature", "customer_communication", "access_activity_log"),
        *("fingerprint", "last4", "exp_month", "exp_year", "iin", "buyer_address", "uncategorized_text", "ip"),
    }
)
MOST_CHARACTERS = 60_000


def payload_text(body: bytes) -> str:
    """Return a stored body as indented JSON with every such value replaced, cut where it is very long."""
    text = json.dumps(_redacted(json.loads(body)), indent=2, ensure_ascii=False, sort_keys=False)
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}\n…"


def _redacted(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {name: _one(name, inner) for name, inner in value.items()}
    return [_redacted(inner) for inner in value] if isinstance(value, list) else value


def _one(name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    is_left_out = name in _SECRET and value not in (None, "", [], {})
    return REDACTED if is_left_out else _redacted(value)
