"""The sandbox's local Stripe: tests play payer, bank and card with it."""

from typing import Any

import httpx

STAND_IN_KEY = "sk_test_of_the_dashboards_tests"
HEADERS = {"authorization": f"Bearer {STAND_IN_KEY}"}


def stripe(base_url: str, path: str, **params: Any) -> dict[str, Any]:
    """Ask it to do something."""
    answer = httpx.post(f"{base_url}/stripe/v1/{path}", data=params, headers=HEADERS)
    answer.raise_for_status()
    return dict(answer.json())


def stripe_get(base_url: str, path: str) -> dict[str, Any]:
    """Ask it what it has."""
    answer = httpx.get(f"{base_url}/stripe/v1/{path}", headers=HEADERS)
    answer.raise_for_status()
    return dict(answer.json())
