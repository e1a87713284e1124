"""Webhooks: signed so that others can check it, tried again, given up, switched off; a real server answers."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import stripe
import time_machine
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent
from dashboard.alerts.models import Delivery, Webhook
from dashboard.alerts.posting import DISABLE_AFTER, GIVE_UP_AFTER, pause_after, posts_send_due, webhook_reach
from dashboard.alerts.webhooks import webhook_save
from dashboard.audit.models import AuditEntry
from dashboard.lib.sealing import sealed_columns
from dashboard.notify.models import OutboxMail
from tests.dashboard.alerts.conftest import credits_set, swept
from tests.dashboard.web.pages import words

pytestmark = pytest.mark.django_db
DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "webhooks.md"


class Receiver:
    """A receiver's server: it keeps what came, and answers with what is next in `answers`, else 200."""

    def __init__(self) -> None:
        self.came: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.came.append((dict(self.headers), body))
                status = receiver.answers.pop(0) if receiver.answers else 200
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/alerts"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def secret(receiver: Receiver, workspace: Workspace, owner: User) -> str:
    """Return the secret of the workspace's new webhook, which leads to the receiver."""
    return webhook_save(workspace=workspace, url=receiver.url, preset="everything", actor=owner) or ""


def documented_check() -> Callable[[str, bytes, str], bool]:
    """Return the function that docs/webhooks.md gives to receivers."""
    code = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert code
    scope: dict[str, Any] = {}
    exec(code[1], scope)  # noqa: S102 - our own document
    check: Callable[[str, bytes, str], bool] = scope["is_ours"]
    return check


def test_crossing_is_posted_once_and_others_can_check_the_signature(
    held: Any, receiver: Receiver, secret: str, workspace: Workspace
) -> None:
    claim = held("render-bot")
    credits_set(claim, 15)
    swept()
    assert (posts_send_due(), posts_send_due()) == (1, 0)
    headers, body = receiver.came[0]
    signature = headers["Dashboard-Signature"]
    stripe.WebhookSignature.verify_header(body.decode(), signature, secret, tolerance=300)
    assert documented_check()(signature, body, secret)
    told = json.loads(body)
    assert (told["type"], told["id"]) == ("alert.opened", headers["Dashboard-Event-Id"])
    assert told["workspace"] == {"key": workspace.key, "name": workspace.name}
    assert told["alert"]["kind"] == "low_balance"
    assert told["alert"]["figures"] == {"credits": 15}
    assert told["alert"]["subject"] == {"id": claim.agent.remote_id, "name": "render-bot"}
    assert "sealed" not in body.decode()


@pytest.mark.parametrize("spoil", [lambda body: body + b" ", lambda body: body.replace(b"15", b"16")])
def test_altered_body_or_other_secret_is_found_out(
    held: Any, receiver: Receiver, secret: str, spoil: Callable[[bytes], bytes]
) -> None:
    credits_set(held(), 15)
    swept()
    posts_send_due()
    headers, body = receiver.came[0]
    check = documented_check()
    assert not check(headers["Dashboard-Signature"], spoil(body), secret)
    assert not check(headers["Dashboard-Signature"], body, "whsec_other")
    with time_machine.travel(time.time() + 301):
        assert not check(headers["Dashboard-Signature"], body, secret)


def test_failed_try_is_repeated_with_the_same_id_and_a_fresh_signature(
    held: Any, receiver: Receiver, secret: str
) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        receiver.answers = [500, 302]
        credits_set(held(), 15)
        swept()
        assert posts_send_due() == 0
        assert posts_send_due() == 0, "not at once"
        clock.shift(pause_after(1))
        assert posts_send_due() == 0
        clock.shift(pause_after(2))
        assert posts_send_due() == 1
    ids = {headers["Dashboard-Event-Id"] for headers, _ in receiver.came}
    stamps = {headers["Dashboard-Signature"] for headers, _ in receiver.came}
    assert (len(receiver.came), len(ids), len(stamps)) == (3, 1, 3)
    assert {body for _, body in receiver.came} == {receiver.came[0][1]}
    assert (Delivery.objects.get(channel="webhook").state, Webhook.objects.get().failing_since) == ("sent", None)


def test_pauses_double_up_to_an_hour() -> None:
    seconds = [int(pause_after(attempts).total_seconds()) for attempts in range(1, 11)]
    assert seconds == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_delivery_is_given_up_after_a_day_and_can_be_sent_again(
    held: Any, receiver: Receiver, secret: str, workspace: Workspace, owner: User, browser_of: Any
) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        receiver.answers = [503] * 100
        credits_set(held(), 15)
        swept()
        ends = datetime.now(UTC) + GIVE_UP_AFTER
        while Delivery.objects.get(channel="webhook").state == "waiting":
            posts_send_due()
            clock.shift(timedelta(minutes=30))
        assert ends <= datetime.now(UTC) <= ends + timedelta(hours=2)
        assert 20 < len(receiver.came) < 60
        given_up = Delivery.objects.get(channel="webhook")
        assert (given_up.state, given_up.problem) == ("given_up", "It answered 503.")
        receiver.answers = []
        browser_of(owner).post(reverse("alerts:delivery_again", args=[workspace.key, given_up.pk]))
        assert posts_send_due() == 1
    assert Delivery.objects.get(channel="webhook").state == "sent"


def test_webhook_that_fails_for_days_is_switched_off_and_owners_are_told(
    held: Any, receiver: Receiver, secret: str, workspace: Workspace, owner: User
) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        receiver.server.shutdown()
        receiver.server.server_close()
        claim = held()
        for credits_ in (15, 500, 15, 500, 15):
            credits_set(claim, credits_)
            swept()
            posts_send_due()
            clock.shift(DISABLE_AFTER / 4)
        assert Webhook.objects.get().disabled_at
        assert not Delivery.objects.filter(channel="webhook", state="waiting").exists()
        mail = OutboxMail.objects.get(dedupe_key__startswith="alerts_webhook")
        assert mail.to == owner.email
        assert reverse("alerts:webhook", args=[workspace.key]) in mail.text
        assert AuditEntry.objects.filter(action="alerts.webhook_disabled").count() == 1
        credits_set(claim, 500)
        before = Delivery.objects.filter(channel="webhook").count()
        swept()
        assert Delivery.objects.filter(channel="webhook").count() == before


def test_recovery_goes_where_the_opening_went(held: Any, receiver: Receiver, workspace: Workspace, owner: User) -> None:
    webhook_save(workspace=workspace, url=receiver.url, preset="quiet", actor=owner)
    claim = held()
    for credits_ in (15, 500, 0, 500):
        credits_set(claim, credits_)
        swept()
    posts_send_due()
    assert [json.loads(body)["type"] for _, body in receiver.came] == ["alert.opened", "alert.recovered"]


def test_one_dead_webhook_does_not_hold_up_another(
    held: Any, receiver: Receiver, secret: str, outsider: User, workspace: Workspace
) -> None:
    theirs = outsider.memberships.get().workspace
    webhook_save(workspace=theirs, url="http://127.0.0.1:9/", preset="everything", actor=outsider)
    for number in range(3):
        credits_set(held(f"dead-{number}", into=theirs), 0)
    credits_set(held("alive"), 0)
    swept()
    assert posts_send_due() == 1
    assert Delivery.objects.filter(webhook__workspace=theirs, attempts=1).count() == 1
    assert Agent.objects.count() == 4


@pytest.mark.parametrize(
    "url",
    ["http://receiver.example/", "https://127.0.0.1/", "https://10.0.0.8/", "https://[::1]/", "https://localhost/"],
)
def test_production_posts_to_public_https_addresses_alone(
    held: Any, workspace: Workspace, owner: User, settings: Any, url: str
) -> None:
    settings.IS_LOCAL = False
    assert webhook_reach(url).private_origins == ()
    webhook_save(workspace=workspace, url=url, preset="everything", actor=owner)
    credits_set(held(), 0)
    swept()
    assert posts_send_due() == 0
    assert Delivery.objects.get(channel="webhook").problem


@pytest.fixture
def address(workspace: Workspace) -> Callable[[str], str]:
    return lambda name: reverse(f"alerts:{name}", args=[workspace.key])


def test_owner_sets_a_webhook_and_sees_its_secret_once(
    address: Callable[[str], str], browser_of: Callable[..., Browser], owner: User, receiver: Receiver
) -> None:
    olga = browser_of(owner)
    made = olga.post(address("webhook"), {"url": receiver.url, "preset": "everything"})
    shown = re.findall(r"whsec_[\w-]{43}", made.content.decode())
    assert len(set(shown)) == 1
    for again in (olga.get(address("webhook")), olga.get(address("preferences"))):
        assert "whsec_" not in again.content.decode()
    hook = Webhook.objects.get()
    assert shown[0] not in hook.secret_sealed
    assert "alerts.webhook" in {column.kind for column in sealed_columns()}
    entries = AuditEntry.objects.filter(action__startswith="alerts.webhook")
    assert "whsec_" not in "".join(map(str, entries.values_list("before", "after")))
    renewed = olga.post(address("webhook_secret"))
    assert set(re.findall(r"whsec_[\w-]{43}", renewed.content.decode())) not in ({shown[0]}, set())


def test_test_button_posts_at_once_and_says_what_came_back(
    address: Callable[[str], str], browser_of: Callable[..., Browser], owner: User, receiver: Receiver, secret: str
) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        olga = browser_of(owner)
        assert "The test arrived." in words(olga.post(address("webhook_trial"), follow=True))
        assert json.loads(receiver.came[0][1])["type"] == "test"
        assert "tested just now" in words(olga.post(address("webhook_trial"), follow=True))
        receiver.answers = [418]
        clock.shift(timedelta(seconds=11))
        assert "It answered 418." in words(olga.post(address("webhook_trial"), follow=True))


@pytest.mark.parametrize("url", ["ftp://example.com/", "https://user@example.com/", "not an address", "https://"])
def test_address_that_cannot_be_asked_is_refused(
    address: Callable[[str], str], browser_of: Callable[..., Browser], owner: User, url: str
) -> None:
    answer = browser_of(owner).post(address("webhook"), {"url": url, "preset": "everything"})
    assert answer.status_code == 422
    assert not Webhook.objects.exists()


def test_change_of_a_webhook_asks_for_a_fresh_sign_in(
    address: Callable[[str], str], browser_of: Callable[..., Browser], owner: User, secret: str
) -> None:
    stale = browser_of(owner, is_fresh=False)
    for name in ("webhook", "webhook_secret", "webhook_removal"):
        answer = stale.post(address(name), {"url": "https://example.com/", "preset": "quiet"})
        assert answer["Location"].startswith(("/account/reauthenticate/", "/account/login/"))
    assert Webhook.objects.get().preset == "everything"


def test_removed_webhook_leaves_the_log_of_what_was_sent(
    held: Any, address: Callable[[str], str], browser_of: Callable[..., Browser], owner: User, receiver: Receiver,
    secret: str,
) -> None:  # fmt: skip
    olga, claim = browser_of(owner), held("render-bot")
    for credits_ in (90, 15, 0):
        credits_set(claim, credits_)
        swept()
    posts_send_due()
    _, second, third = Delivery.objects.filter(channel="webhook").order_by("pk")
    Delivery.objects.filter(pk=second.pk).update(state="given_up")
    Delivery.objects.filter(pk=third.pk).update(state="waiting", ended_at=None)
    olga.post(address("webhook_removal"))
    assert not Webhook.objects.exists()
    log = Delivery.objects.filter(channel="webhook").order_by("pk")
    assert list(log.values_list("state", flat=True)) == ["sent", "given_up", "dropped"]
    shown = olga.get(address("delivery_list"))
    assert "The webhook was removed." in words(shown)
    # Nobody is there to send it to.
    assert "Send again" not in words(shown)
    olga.post(reverse("alerts:delivery_again", args=[claim.workspace.key, second.pk]))
    second.refresh_from_db()
    assert second.state == "given_up"
    # A new webhook has not heard of what the old one was told.
    olga.post(address("webhook"), {"url": receiver.url, "preset": "everything"})
    credits_set(claim, 500)
    swept()
    assert not Delivery.objects.filter(webhook__isnull=False).exists()


def test_switched_off_webhook_is_switched_on_by_saving(
    address: Callable[[str], str], browser_of: Callable[..., Browser], owner: User, receiver: Receiver, secret: str
) -> None:
    Webhook.objects.update(disabled_at=datetime.now(UTC), failing_since=datetime.now(UTC))
    olga = browser_of(owner)
    assert "Switched off" in words(olga.get(address("webhook")))
    olga.post(address("webhook"), {"url": receiver.url, "preset": "quiet"})
    assert (Webhook.objects.get().disabled_at, Webhook.objects.get().failing_since) == (None, None)
