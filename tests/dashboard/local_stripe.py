"""The sandbox's local Stripe: tests play payer, bank and card with it."""

from typing import Any

import httpx

STAND_IN_KEY = "sk_test_of_the_dashboards_tests"
HEADERS = {"authorization": f"Bearer {STAND_IN_KEY}"}
# Made once, for it reads all certificate authorities, which takes longer than an answer; keeps no connection.
WIRE = httpx.HTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))
_HTTP = httpx.Client(transport=WIRE, headers=HEADERS)


def stripe(base_url: str, path: str, **params: Any) -> dict[str, Any]:
    """Ask it to do something."""
    answer = _HTTP.post(f"{base_url}/stripe/v1/{path}", data=params)
    answer.raise_for_status()
    return dict(answer.json())


def stripe_get(base_url: str, path: str) -> dict[str, Any]:
    """Ask it what it has."""
    answer = _HTTP.get(f"{base_url}/stripe/v1/{path}")
    answer.raise_for_status()
    return dict(answer.json())
