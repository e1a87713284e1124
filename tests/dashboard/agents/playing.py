"""A hosted API that is away, answers late or says what the sandbox never says."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx


def answer(data: dict[str, Any], *, status: int = 200, code: str = "") -> httpx.Response:
    """An envelope as contract 1.1 has it: a success, or with a `code` a refusal."""
    error = {"code": code, "message": "No.", "retryable": False} if code else None
    envelope = {"ok": not code, "trace_id": "trace_played", "actor": None, "data": data, "warnings": [], "error": error}
    return httpx.Response(status, json=envelope)


@dataclass
class Wire:
    """Passes everything on to the sandbox but what its `rules` answer; keeps what it was asked."""

    rules: dict[str, Callable[[httpx.Request], httpx.Response]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append((request.method, path))
        self.bodies.append(json.loads(request.content) if request.content else None)
        for ending, rule in self.rules.items():
            if path.endswith(ending):
                return rule(request)
        return self.passed_on(request)

    @staticmethod
    def passed_on(request: httpx.Request) -> httpx.Response:
        with httpx.Client() as http:
            told = http.request(request.method, request.url, content=request.content, headers=request.headers)
        return httpx.Response(told.status_code, content=told.content)

    def count(self, ending: str) -> int:
        return sum(path.endswith(ending) for _, path in self.asked)


def away(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("away", request=request)


def late(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("late", request=request)


def heard_but_lost(request: httpx.Request) -> httpx.Response:
    """The service does it, and its answer never arrives."""
    Wire.passed_on(request)
    raise httpx.ReadTimeout("lost", request=request)
