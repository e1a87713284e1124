"""Whole agent lives over HTTP, for demonstrations and soak tests: sign-up, work, feedback, quotes, claim requests."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from sandbox.traffic.script import BACKENDS, NAMES, REPORTS, STYLES, SUBJECTS

_QUICK = ("fal.z-image-turbo", "fal.flux-dev", "xai.grok-imagine-image")
TIMEOUT_SECONDS = 60.0


@dataclass
class Played:
    """What happened: refusals are the service's no (4xx), failures are 5xx or no answer at all."""

    tokens: list[tuple[str, str]] = field(default_factory=list, repr=False)
    acts: int = 0
    refused: int = 0
    failed: int = 0


def play(http: httpx.Client, *, agents: int, acts: int, rate: float, seed: int) -> Played:
    """Signs the agents up, then does so many acts, `rate` a second; a slow service lowers the rate."""
    rng, played = random.Random(seed), Played()  # noqa: S311 - a play, not a secret
    cast = [Player(http, rng, played, f"{NAMES[number % len(NAMES)]}-{number}") for number in range(agents)]
    started = time.monotonic()
    for number in range(acts):
        rng.choice(cast).act()
        time.sleep(max(0.0, started + (number + 1) / rate - time.monotonic()))
    return played


class Player:
    """One agent with its token."""

    def __init__(self, http: httpx.Client, rng: random.Random, played: Played, name: str) -> None:
        self.http, self.rng, self.played = http, rng, played
        body = {"agent_name": name, "runtime": rng.choice(BACKENDS), "return_token": True}
        data = http.post("/v1/agent-signups", json=body).raise_for_status().json()["data"]
        self.headers = {"authorization": f"Bearer {data['token']}"}
        self.jobs: list[str] = []
        played.tokens.append((data["actor"]["actor_id"], data["token"]))

    def act(self) -> None:
        """One thing that agents do; looking is more frequent than working."""
        acts: list[tuple[int, Callable[[], dict[str, Any]]]] = [
            (4, lambda: self._get("/v1/activity?limit=20")),
            (3, lambda: self._get("/v1/quota")),
            (2, self._look_back),
            (6, self._draw),
            (2, lambda: self._post("/v1/create", {**self._order(), "dry_run": True})),
            (1, self._report),
            (1, self._quote),
            (1, lambda: self._post("/v1/agent-claims", {"contact": "sponsor@example.com"})),
        ]
        (chosen,) = self.rng.choices([act for _, act in acts], [weight for weight, _ in acts])
        self.played.acts += 1
        chosen()

    def _order(self) -> dict[str, Any]:
        prompt = f"{self.rng.choice(SUBJECTS)} {self.rng.choice(STYLES)}"
        return {"prompt": prompt, "model": self.rng.choice(_QUICK)}

    def _draw(self) -> dict[str, Any]:
        key = f"traffic-{self.rng.getrandbits(64):016x}"
        data = self._post("/v1/create", {**self._order(), "idempotency_key": key})
        self.jobs += [data["job_id"]] if data else []
        return data

    def _look_back(self) -> dict[str, Any]:
        if not self.jobs:
            return self._get("/v1/models?available=true")
        return self._get(f"/v1/jobs/{self.rng.choice(self.jobs)}")

    def _report(self) -> dict[str, Any]:
        title, body = self.rng.choice(REPORTS)
        return self._post("/v1/feedback", {"title": title, "body": body.format(subject=self.rng.choice(SUBJECTS))})

    def _quote(self) -> dict[str, Any]:
        key = f"traffic-{self.rng.getrandbits(64):016x}"
        terms = {"pack_id": "starter-500", "payment_method": "stripe_checkout", "idempotency_key": key}
        return self._post("/v1/credit-quotes", terms)

    def _get(self, path: str) -> dict[str, Any]:
        return self._send("GET", path)

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._send("POST", path, json=body)

    def _send(self, method: str, path: str, **content: Any) -> dict[str, Any]:  # noqa: ANN401 - httpx's own arguments
        try:
            response = self.http.request(method, path, headers=self.headers, **content)
        except httpx.TransportError:
            self.played.failed += 1
            return {}
        if response.is_success:
            return dict(response.json()["data"])
        if response.is_server_error:
            self.played.failed += 1
        else:
            self.played.refused += 1
        return {}
