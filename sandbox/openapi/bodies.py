"""JSON Schemas of what callers send. Other fields are ignored by the service, unless a rule refuses them by name."""

from typing import Any

Schema = dict[str, Any]


def text(limit: int = 200, **more: Any) -> Schema:  # noqa: ANN401 - JSON Schema keywords
    """Text of at most `limit` characters."""
    return {"type": "string", "maxLength": limit, **more}


def record(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """An object with these fields."""
    return {"type": "object", "properties": properties} | ({"required": list(required)} if required else {})


_FLAG: Schema = {"type": "boolean"}
_KEY = text(200, minLength=1, pattern=r"^[\x21-\x7e]+$")
_USD: Schema = {"type": "number", "minimum": 0}
_TEXTS: Schema = {"type": "array", "maxItems": 50, "items": text(300, minLength=1)}
_INBOX = text(254, format="email")
_REFERENCES: Schema = {
    "type": "array",
    "maxItems": 40,
    "items": record(
        ("asset_id", "role", "index"),
        asset_id=text(140),
        role={"enum": ["element_frontal", "element_reference", "reference_image"]},
        index={"type": "integer", "minimum": 0, "maximum": 9},
        reference_index={"type": "integer", "minimum": 0, "maximum": 2},
        reference_task={"enum": ["ip", "id", "style"]},
    ),
}
_ORDER: Schema = {
    "prompt": text(10_000),
    "provider": {"enum": ["fal", "xai", "openai"]},
    "model": text(example="fal.z-image-turbo"),
    "intent": text(),
    "aspect_ratio": text(example="1:1"),
    "references": _REFERENCES,
    "max_estimated_usd_per_image": _USD,
    "max_usd": _USD,
    "model_parameters": {"type": "object"},
    "idempotency_key": _KEY,
    "dry_run": _FLAG,
    "accept_unknown_cost": _FLAG,
}

SIGN_UP = record(
    ("agent_name", "runtime"),
    agent_contact=_INBOX,
    human_email=_INBOX,
    agent_name=text(minLength=1),
    runtime=text(minLength=1),
    return_token=_FLAG,
    discovery_source=text(64, pattern="^[a-z0-9._-]+$"),
)
CLAIM = record(("contact",), contact=_INBOX)
QUOTE = record(
    ("payment_method", "idempotency_key"),
    credits={"type": "integer", "minimum": 1, "maximum": 5000},
    pack_id={"enum": ["starter-500", "builder-2000", "studio-5000"]},
    payment_method={"enum": ["stripe_checkout", "stripe_x402.exact.usdc", "fake"]},
    idempotency_key=_KEY,
)
PURCHASE = record(("quote_id", "idempotency_key"), quote_id=text(40), idempotency_key=_KEY)
CREATE = record(("prompt",), **_ORDER, output_count={"type": "integer", "minimum": 1, "maximum": 4})
EDIT = record(("input_asset_id",), **_ORDER, input_asset_id=text(140), mask_asset_id=text(140))
UPLOAD = record(
    ("source_kind", "filename", "mime_type", "content_length", "sha256", "bytes_base64"),
    source_kind={"enum": ["local_path", "remote_url"]},
    filename=text(minLength=1),
    remote_origin=text(nullable=True),
    mime_type={"enum": ["image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"]},
    content_length={"type": "integer", "minimum": 1, "maximum": 10 * 1024 * 1024},
    sha256=text(64, pattern="^[0-9a-f]{64}$"),
    bytes_base64={"type": "string", "contentEncoding": "base64"},
)
_WORDS: dict[str, Schema] = dict.fromkeys(
    ("type", "severity", "confidence", "next_state", "dedupe_key", "source", "trace_id"), text()
)
_PARAGRAPHS: dict[str, Schema] = dict.fromkeys(
    ("body", "command", "expected", "actual", "friction", "proof_needed", "strategic_reason"), text(10_000)
)
FEEDBACK = record(
    (), **_WORDS, **_PARAGRAPHS, title=text(300), surface=_TEXTS, evidence=_TEXTS, allow_weak_signal=_FLAG
)
CLI = record(("argv",), argv={"type": "array", "maxItems": 50, "items": text(300)})
OPERATOR: Schema = {"type": "object"}
