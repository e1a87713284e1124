"""`create --guide`: the read-only calls it makes, the row it picks, the stage it comes to (contract 2.5, 2.6, 3.12)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.sandbox.clients.client import Client0125, Client0170

Row = Mapping[str, Any]
_DRAFT = {"cheap", "budget", "draft", "test"}
_PREFERRED = ("xai.grok-imagine-image-quality", "fal.flux-dev", "xai.grok-imagine-image", "openai.gpt-image-2")
_DRAFT_PREFERRED = ("fal.flux-dev", "xai.grok-imagine-image-quality", "xai.grok-imagine-image", "openai.gpt-image-2")


@dataclass(frozen=True)
class Guide:
    """What the guide prints, as far as the server decides it."""

    stage: str
    model_id: str | None
    estimated_credits: int | None
    remaining_credits: int | None
    auth_ready: bool
    payment_method: str | None


def guide(client: Client0125, prompt: str, *, intent: str = "explore", model: str | None = None) -> Guide:
    """The same questions in the same order: health, models, payment methods, and with a token the quota."""
    health = client.call("GET", "/healthz", token=False)
    models = client.call("GET", "/v1/models", token=False)
    methods = client.call("GET", "/v1/payment-methods", token=False)
    rows = [row for row in models.data["models"] if _runs(row)]
    row = _pick(rows, intent, model, is_latest=isinstance(client, Client0170))
    cost = row["economics"]["credit_pricing"]["credits_required"] if row else None
    quota = client.quota() if client.token else None
    known = quota.envelope["data"] or {} if quota else {}
    return Guide(
        stage=_stage(prompt, health.exit_code, row, cost, quota.envelope if quota else None),
        model_id=row["id"] if row else None,
        estimated_credits=cost,
        remaining_credits=_remaining(known),
        auth_ready=known.get("authenticated") is True,
        payment_method=_preferred_method(methods.data["methods"]),
    )


def _runs(row: Row) -> bool:
    # 0.1.25 knows only the nested status, 0.1.70 either; both have to agree for both to work.
    nested = row["execution"]["model_execution_status"]
    assert nested == row["model_execution_status"]
    return bool(row["status"] == "available" and nested == "executable" and isinstance(row["supports"], list))


def _pick(rows: list[Row], intent: str, model: str | None, *, is_latest: bool) -> Row | None:
    makers = [row for row in rows if "create" in row["supports"]]
    if model is not None:
        return next((row for row in rows if row["id"] == model), None)
    if not is_latest:
        return next(iter(makers), None)
    wanted = _DRAFT_PREFERRED if intent in _DRAFT else _PREFERRED
    by_id = {row["id"]: row for row in makers}
    return next((by_id[name] for name in wanted if name in by_id), next(iter(makers), None))


def _stage(prompt: str, health: int, row: Row | None, cost: int | None, quota: Mapping[str, Any] | None) -> str:
    if not prompt.strip():
        return "prompt_required"
    if health != 0:
        return "service_unreachable"
    if row is None:
        return "no_executable_model"
    if quota is None:
        return "auth_required"
    if not quota["ok"]:
        return "auth_required" if quota["error"]["code"] == "AUTH_REQUIRED" else "service_unreachable"
    data = quota["data"]
    remaining = _remaining(data)
    if cost is not None and remaining is not None and remaining < cost:
        return "quota_required"
    # Null there would crash both releases.
    if "daily_jobs" in data and data["daily_jobs"]["remaining"] <= 0:
        return "quota_required"
    return "ready_to_create"


def _remaining(quota: Mapping[str, Any]) -> int | None:
    limits = quota.get("limits")
    if limits is None:
        return None
    parts = (limits.get("remaining_credits"), limits.get("payment_backed_remaining_credits"))
    return sum(part for part in parts if isinstance(part, int))


def _preferred_method(rows: Iterable[Row]) -> str | None:
    """Settleable without a browser first, then a hand-off to a person, then any."""
    usable = [row for row in rows if row["live_money"] and row["available"]]
    settleable = [
        row
        for row in usable
        if row["requires_browser"] is False
        and row["agent_settleable"] is True
        and {"agent_only", "hybrid"} & set(row["buyer_modes"])
    ]
    handed = [row for row in usable if row["requires_browser"] or "human_only" in row["buyer_modes"]]
    chosen = next(iter([*settleable, *handed, *usable]), None)
    return str(chosen["method_id"]) if chosen else None
