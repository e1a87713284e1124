"""Asked-for misbehaviour, so that a client can be tried against a service on a bad day (ours, INF).

Rules live in this server process and only while `SANDBOX_CONTROL_KEY` is set; docs/hosted-api.md lists what they do.
"""

import fnmatch
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from sandbox import mischief
from sandbox.errors import ApiError, invalid
from sandbox.ids import new_id, token_digest
from sandbox.models import Agent
from sandbox.rules import fields

# The door that takes rules away must not be shut by one.
_SPARED = "/control/"
_HIGHEST = 1_000_000
_NAMES = {"kind", "path", "method", "agent_id", "share", "nth", "times", "after", "options"}


@dataclass
class Rule:
    """Which requests it hits, and how. Counters are under the book's lock.

    `path` is a shell pattern. Of the requests that match, `nth` hits that one alone (from 1), `share` an even part of
    them; `times` ends the rule after so many hits. With `after` the request is carried out and only its answer is lost.
    """

    id: str
    kind: str
    path: str
    method: str
    agent_id: str
    share: float
    nth: int | None
    times: int | None
    after: bool
    options: dict[str, Any]
    seen: int = field(default=0)
    hits: int = field(default=0)

    def row(self) -> dict[str, Any]:
        """The rule on the wire, with how often it matched and hit."""
        return {**vars(self), "method": self.method or None, "agent_id": self.agent_id or None}

    def matches(self, method: str, path: str, agent_id: str) -> bool:
        """Whether it is about this request at all."""
        is_method = not self.method or self.method == method
        return is_method and self.agent_id in {"", agent_id} and fnmatch.fnmatchcase(path, self.path)

    def strikes(self) -> bool:
        """Counts one matching request and says whether it is hit."""
        self.seen += 1
        if self.times is not None and self.hits >= self.times:
            return False
        if self.nth is not None:
            is_hit = self.seen == self.nth
        else:
            # Evenly spread instead of drawn by lot: a test can rely on it.
            is_hit = int(self.seen * self.share + 1e-9) > int((self.seen - 1) * self.share + 1e-9)
        self.hits += is_hit
        return is_hit


class RuleBook:
    """The rules of this process, in the order they were added."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def add(self, rule: Rule) -> None:
        """Applies to every request from now on."""
        with self._lock:
            self._rules.append(rule)

    def clear(self, rule_id: str = "") -> int:
        """Takes one rule away, or all; says how many that were."""
        with self._lock:
            kept = [rule for rule in self._rules if rule_id and rule.id != rule_id]
            removed, self._rules = len(self._rules) - len(kept), kept
            return removed

    def rows(self) -> list[dict[str, Any]]:
        """All rules on the wire."""
        with self._lock:
            return [rule.row() for rule in self._rules]

    def names_agents(self) -> bool:
        """Whether any rule asks who calls, which costs a query."""
        return any(rule.agent_id for rule in self._rules)

    def striking(self, method: str, path: str, agent_id: str) -> list[Rule]:
        """The rules that hit this request; each one that matches counts it."""
        with self._lock:
            return [rule for rule in self._rules if rule.matches(method, path, agent_id) and rule.strikes()]


book = RuleBook()


def read_rule(body: fields.Body) -> Rule:
    """A rule from a control request. Raises INVALID_ARGUMENTS, for unknown names too."""
    if set(body) - _NAMES:
        raise invalid("A rule has no such field.", accepted_fields=sorted(_NAMES))
    kind = fields.required_text(body, "kind")
    if kind not in mischief.KINDS:
        raise invalid("There is no such fault.", accepted_values=sorted(mischief.KINDS))
    share = fields.amount(body, "share")
    if share is not None and share > 1:
        raise invalid("share must be a number from 0 to 1.")
    return Rule(
        id=new_id("fault"),
        kind=kind,
        path=fields.text(body, "path") or "*",
        method=fields.text(body, "method").upper(),
        agent_id=fields.text(body, "agent_id"),
        share=1.0 if share is None else float(share),
        nth=fields.whole(body, "nth", low=1, high=_HIGHEST),
        times=fields.whole(body, "times", low=1, high=_HIGHEST),
        after=fields.flag(body, "after"),
        options=mischief.read_options(kind, body.get("options")),
    )


def remove(rule_id: str) -> int:
    """Takes one rule away, or with "" all. Raises NOT_FOUND."""
    removed = book.clear(rule_id)
    if rule_id and not removed:
        raise ApiError("NOT_FOUND", "No rule has this id.")
    return removed


class FaultMiddleware:
    """Plays the rules that hit a request: instead of the answer, or on it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not settings.SANDBOX_CONTROL_KEY or request.path_info.startswith(_SPARED):
            return self.get_response(request)
        agent_id = _agent_id(request) if book.names_agents() else ""
        striking = book.striking(str(request.method), request.path_info, agent_id)
        instead = next((rule for rule in striking if rule.kind in mischief.INSTEAD), None)
        if instead is not None and not instead.after:
            return mischief.INSTEAD[instead.kind](request, instead.options)
        response = self.get_response(request)
        if instead is not None:
            response.close()
            return mischief.INSTEAD[instead.kind](request, instead.options)
        for rule in striking:
            response = mischief.ON_ANSWER[rule.kind](response, rule.options)
        return response


def _agent_id(request: HttpRequest) -> str:
    _, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    agent = Agent.objects.filter(token_hash=token_digest(token.strip())).only("pk").first() if token else None
    return agent.pk if agent else ""
