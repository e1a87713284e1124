"""Hands the official SDK's requests to the local Stripe inside this process, without a socket."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import stripe

from sandbox.stripe_stand_in import api, keys

PREFIX = "/stripe"


class InProcessClient(stripe.HTTPClient):
    """A transport of the SDK. Over HTTP, eight buyers at once would hold the eight threads that should answer them."""

    name = "in-process"

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,  # noqa: ANN401 - the SDK's own signature
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """As the SDK calls it: text of the body, status, headers."""
        parts = urlsplit(url)
        encoded = post_data if method == "post" else parts.query
        request = api.Request(
            method.upper(),
            parts.path.removeprefix(PREFIX),
            encoded or "",
            {name.lower(): value for name, value in (headers or {}).items()},
        )
        response = api.answer(request)
        return json.dumps(response.body), response.status, response.headers

    def close(self) -> None:
        """Nothing is open."""


def client(public_url: str) -> stripe.StripeClient:
    """The official client, pointed at the local Stripe."""
    return stripe.StripeClient(
        keys.api_key(),
        base_addresses={"api": f"{public_url}{PREFIX}"},
        http_client=InProcessClient(),
        max_network_retries=0,
    )
