"""The three public clients as the wire sees them: what each release sends for a command, and how it reads the answer.

Written from the contract's observations (sections 0 to 3, 5, 8): the same paths, headers and bodies, keys that are
there or not included, and the same way to an exit code. Nothing here knows the sandbox; it is only given a transport.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import httpx

# What the runtime of the clients adds by itself.
RUNTIME_HEADERS = {
    "accept-language": "*",
    "sec-fetch-mode": "cors",
    "user-agent": "node",
    "accept-encoding": "gzip, deflate",
}
IDS = ("quote_id", "payment_attempt_id", "checkout_session_id", "receipt_id")
Json = dict[str, Any]


@dataclass(frozen=True)
class Ran:
    """What a command leaves behind: the exit code and the envelope that is printed."""

    exit_code: int
    envelope: Json

    @property
    def data(self) -> Json:
        assert self.exit_code == 0, self.envelope
        assert self.envelope["ok"] is True
        return dict(self.envelope["data"])

    @property
    def error(self) -> Json:
        assert self.envelope["ok"] is False, self.envelope
        return dict(self.envelope["error"])

    @property
    def refusal(self) -> tuple[str, int]:
        """Error code and exit code."""
        return self.error["code"], self.exit_code


def exit_code_of(response: httpx.Response, envelope: Mapping[str, Any]) -> int:
    """Contract 1.3, in this order."""
    stated = response.headers.get("x-image-skill-exit-code")
    if stated is not None:
        return int(stated)
    if envelope["ok"]:
        return 0
    if response.status_code in {401, 403}:
        return 3
    if response.status_code in {402, 429}:
        return 5
    return 7 if response.status_code >= 500 else 1


def segment(text: str) -> str:
    """One path segment, as encodeURIComponent writes it."""
    return quote(text, safe="-_.!~*'()")


def given(**flags: Any) -> Json:
    """Only the flags that were stated; the clients leave the others out of the body."""
    return {name: value for name, value in flags.items() if value is not None}


class Client:
    """What all releases share. `token` is the saved one."""

    version: ClassVar[str]
    default_method: ClassVar[str | None]
    list_filters: ClassVar[tuple[str, ...]] = ()

    def __init__(self, http: httpx.Client, token: str | None = None) -> None:
        self.http = http
        self.token = token

    def call(self, method: str, path: str, body: Json | None = None, *, token: bool = True) -> Ran:
        """One request; the answer has to be a JSON object with `ok`, or the client gives up on it."""
        headers = {"accept": "application/json"}
        if body is not None:
            headers["content-type"] = "application/json"
        if token and self.token is not None:
            headers["authorization"] = f"Bearer {self.token}"
        content = None if body is None else json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        request = httpx.Request(
            method, self.http.base_url.join(path), headers=headers | RUNTIME_HEADERS, content=content
        )
        response = self.http.send(request, follow_redirects=True)
        envelope = response.json()
        assert isinstance(envelope, dict), envelope
        assert "ok" in envelope
        # Every release appends to it without looking.
        assert isinstance(envelope["warnings"], list)
        return Ran(exit_code_of(response, envelope), envelope)

    def doctor(self) -> Ran:
        return self.call("GET", "/healthz", token=False)

    def sign_up(self, **body: Any) -> Ran:
        """The body after the flags were read; a returned token is saved."""
        ran = self.call("POST", "/v1/agent-signups", body, token=False)
        if ran.exit_code == 0:
            self.token = (ran.envelope["data"]["token"] or "").strip() or self.token
        return ran

    def whoami(self) -> Ran:
        return self.call("GET", "/v1/whoami")

    def quota(self) -> Ran:
        return self.call("GET", "/v1/quota")

    def packs_list(self) -> Ran:
        return self.call("GET", "/v1/credit-packs", token=False)

    def credits_quote(self, *, key: str | None = None, method: str | None = None, **terms: Any) -> Ran:
        """`credits` or `pack_id`; without a key the client invents one."""
        made_up = f"quote-1764000000000-{secrets.token_hex(4)}"
        body = {**terms, "payment_method": method or self.default_method, "idempotency_key": key or made_up}
        return self.call("POST", "/v1/credit-quotes", body)

    def credits_buy(self, quote_id: str, key: str, provider: str = "stripe") -> Ran:
        rail = {"stripe": "stripe-checkout-sessions", "stripe_x402": "stripe-x402-deposits"}[provider]
        return self.call("POST", f"/v1/credit-purchases/{rail}", {"quote_id": quote_id, "idempotency_key": key})

    def credits_status(self, **references: str) -> Ran:
        query = {name: references[name] for name in IDS if name in references}
        # An empty query leaves no question mark on the wire.
        return self.call("GET", "/v1/credit-purchases/status" + (f"?{urlencode(query)}" if query else ""))

    def models_list(self, **filters: str) -> Ran:
        assert set(filters) <= set(self.list_filters), "this release has no such flag"
        return self.call("GET", "/v1/models" + (f"?{urlencode(filters)}" if filters else ""), token=False)

    def models_show(self, model_id: str) -> Ran:
        return self.call("GET", f"/v1/models/{segment(model_id)}", token=False)

    def capabilities_list(self) -> Ran:
        return self.call("GET", "/v1/capabilities", token=False)

    def capabilities_show(self, capability_id: str) -> Ran:
        return self.call("GET", f"/v1/capabilities/{segment(capability_id)}", token=False)

    def create_body(self, prompt: str, *, dry_run: bool = False, **flags: Any) -> Json:
        """The ratio and both switches are always sent."""
        return {
            "prompt": prompt,
            "aspect_ratio": "1:1",
            **flags,
            "dry_run": dry_run,
            "accept_unknown_cost": flags.get("accept_unknown_cost", False),
        }

    def create(self, prompt: str, **flags: Any) -> Ran:
        return self.call("POST", "/v1/create", self.create_body(prompt, **flags))

    def upload_body(self, content: bytes, filename: str, mime_type: str, remote_origin: str | None = None) -> Json:
        """Always exactly these seven."""
        return {
            "source_kind": "remote_url" if remote_origin else "local_path",
            "filename": filename,
            "remote_origin": remote_origin,
            "mime_type": mime_type,
            "content_length": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes_base64": base64.b64encode(content).decode(),
        }

    def upload(self, content: bytes, filename: str, mime_type: str, remote_origin: str | None = None) -> Ran:
        return self.call("POST", "/v1/upload", self.upload_body(content, filename, mime_type, remote_origin))

    def edit_body(self, asset_id: str, prompt: str | None, **flags: Any) -> Json:
        return {
            "input_asset_id": asset_id,
            **given(prompt=prompt),
            "aspect_ratio": "auto",
            **flags,
            "accept_unknown_cost": flags.get("accept_unknown_cost", False),
        }

    def edit(self, asset_id: str, prompt: str | None = None, **flags: Any) -> Ran:
        return self.call("POST", "/v1/edit", self.edit_body(asset_id, prompt, **flags))

    def assets_show(self, asset_id: str) -> Ran:
        return self.call("GET", f"/v1/assets/{segment(asset_id)}")

    def assets_get(self, asset_id: str) -> bytes:
        """Looks the asset up, then fetches its address without a token."""
        data = self.assets_show(asset_id).data
        asset = data.get("asset") or data
        response = self.http.get(asset["url"], headers={"accept": "*/*", **RUNTIME_HEADERS})
        assert response.is_success
        assert int(response.headers["content-length"]) == len(response.content) == asset["content_length"]
        assert response.headers["content-type"] == asset["mime_type"]
        return response.content

    def jobs_show(self, job_id: str) -> Ran:
        return self.call("GET", f"/v1/jobs/{segment(job_id)}")

    def activity_list(self, **query: Any) -> Ran:
        return self.call("GET", "/v1/activity" + (f"?{urlencode(query)}" if query else ""))

    def activity_show(self, reference: str) -> Ran:
        return self.call("GET", f"/v1/activity/{segment(reference)}")

    def feedback_create(self, **fields: Any) -> Ran:
        body = {
            "type": "user_feedback",
            "severity": "medium",
            "confidence": "medium",
            "next_state": "watch",
            "surface": ["cli"],
            "evidence": [],
        }
        return self.call("POST", "/v1/feedback", body | fields)


class Client010(Client):
    """0.1.0: a human's address at sign-up, the test settlement, images only, no keys on work."""

    version = "0.1.0"
    default_method = "fake"

    def start(self, name: str = "creative-agent", *, contact: str = "human@example.com", save: bool = True) -> Ran:
        return self.sign_up(human_email=contact, agent_name=name, runtime="codex", return_token=save)

    def fake_purchase(self, quote_id: str, key: str) -> Ran:
        return self.call("POST", "/v1/credit-purchases", {"quote_id": quote_id, "idempotency_key": key})


class Client0125(Client):
    """0.1.25: an agent's inbox, live rails, references, masks, four kinds of media."""

    version = "0.1.25"
    default_method: ClassVar[str | None] = "stripe_checkout"
    list_filters = ("available", "executable", "catalog_only", "operation", "provider")

    def start(self, name: str = "creative-agent", *, contact: str = "agent@example.com", save: bool = True) -> Ran:
        return self.sign_up(agent_contact=contact, agent_name=name, runtime="codex", return_token=save)

    def credits_methods(self) -> Ran:
        return self.call("GET", "/v1/payment-methods", token=False)

    def trust(self) -> dict[str, httpx.Response]:
        """What the trust packet fetches from the API's own origin, by path; documents are asked for as text."""
        plain = {"accept": "text/markdown, text/plain, */*", **RUNTIME_HEADERS}
        registry = {"accept": "application/vnd.npm.install-v1+json, application/json", **RUNTIME_HEADERS}
        accepts = dict.fromkeys(("/skill.md", "/llms.txt", "/cli.md"), plain)
        accepts[f"/image-skill/{self.version}"] = registry
        return {path: self.http.get(path, headers=headers) for path, headers in accepts.items()}


class Client0170(Client0125):
    """0.1.70: sign-up without a contact, claim requests, a key on every live job, dry runs of edits."""

    version = "0.1.70"
    default_method = None
    list_filters = (*Client0125.list_filters, "details", "modality", "query")

    def start(self, name: str = "creative-agent", *, contact: str | None = None, save: bool = True) -> Ran:
        fields = given(agent_contact=contact)
        return self.sign_up(**fields, agent_name=name, runtime="codex", return_token=save)

    def claim_request(self, contact: str) -> Ran:
        return self.call("POST", "/v1/agent-claims", {"contact": contact.strip().lower()})

    def create_body(self, prompt: str, *, dry_run: bool = False, **flags: Any) -> Json:
        if not dry_run:
            flags.setdefault("idempotency_key", f"create-1764000000000-{secrets.token_hex(6)}")
        return super().create_body(prompt, dry_run=dry_run, **flags)

    def edit_body(self, asset_id: str, prompt: str | None, **flags: Any) -> Json:
        # The switch is sent only when it is on.
        if not flags.get("dry_run"):
            flags.setdefault("idempotency_key", f"edit-1764000000000-{secrets.token_hex(6)}")
        return super().edit_body(asset_id, prompt, **flags)


RELEASES: tuple[type[Client010 | Client0125 | Client0170], ...] = (Client010, Client0125, Client0170)
