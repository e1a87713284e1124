"""Buying in tests: a quote, an attempt, the payer's button, the webhooks; and the local Stripe through its SDK."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from sandbox.models import PaymentAttempt
from sandbox.payments import gateway
from sandbox.stripe_stand_in import courier
from tests.sandbox.fixtures import Answer, Caller

CHECKOUT, X402 = "stripe_checkout", "stripe_x402.exact.usdc"
ENDPOINT = {
    CHECKOUT: "/v1/credit-purchases/stripe-checkout-sessions",
    X402: "/v1/credit-purchases/stripe-x402-deposits",
    "fake": "/v1/credit-purchases",
}
HELPERS = "/v1/test_helpers/sandbox"


@dataclass(frozen=True)
class Purchase:
    """An attempt of an agent, and what may happen to it."""

    agent: Caller
    data: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.data["payment_attempt_id"])

    @property
    def row(self) -> PaymentAttempt:
        return PaymentAttempt.objects.get(pk=self.id)

    @property
    def page(self) -> str:
        """Where the hand-off leads, as a browser would ask for it."""
        return str(self.agent.http.get(f"/pay/{self.id}").headers["location"]).partition("#")[0]

    def press(self, outcome: str) -> Any:
        return self.agent.http.post(self.page, data={"outcome": outcome})

    def pay(self) -> "Purchase":
        self.press("exact" if "stripe_x402" in self.data else "succeed")
        deliver()
        return self

    def status(self) -> dict[str, Any]:
        return self.agent.get("/v1/credit-purchases/status", payment_attempt_id=self.id).data

    def helper(self, path: str, **params: str) -> Any:
        return helper(path, **params)

    def dispute(self, **params: str) -> str:
        return str(helper("disputes", payment_intent=str(self.row.payment_intent_id), **params)["id"])

    def refund(self, **params: Any) -> str:
        wanted: Any = {"payment_intent": self.row.payment_intent_id} | params
        return gateway.client().v1.refunds.create(wanted).id


def quote(agent: Caller, amount: int = 500, method: str = CHECKOUT, key: str = "q1") -> str:
    body = {"credits": amount, "payment_method": method, "idempotency_key": key}
    return str(agent.post("/v1/credit-quotes", body).data["quote_id"])


def buy(agent: Caller, quote_id: str, method: str = CHECKOUT, key: str = "b1", **extra: Any) -> Answer:
    return agent.post(ENDPOINT[method], {"quote_id": quote_id, "idempotency_key": key} | extra)


def purchase(agent: Caller, amount: int = 500, method: str = CHECKOUT, key: str = "1") -> Purchase:
    return Purchase(agent, buy(agent, quote(agent, amount, method, f"q{key}"), method, f"b{key}").data)


def deliver(rounds: int = 3) -> None:
    """Everything that is due now, and what that makes due."""
    for _ in range(rounds):
        courier.run_due(timezone.now())


def helper(path: str, **params: str) -> dict[str, Any]:
    """A call that only the stand-in knows, through the SDK."""
    answer = gateway.client().raw_request("post", f"{HELPERS}/{path}", **params)
    return dict(answer.data)
