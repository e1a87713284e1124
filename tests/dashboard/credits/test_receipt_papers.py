"""One receipt: page, PDF and file agree to the cent; who it names as the buyer; what refunds did to it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent, Claim
from dashboard.audit.models import AuditEntry
from dashboard.credits.buyer import buyer_change
from dashboard.credits.models import BuyerDetails, Purchase, Receipt
from dashboard.credits.pdf import UNDRAWN_NOTE
from dashboard.sync.pipeline import agent_sync
from dashboard.web.subjects import subject_get
from tests.dashboard.credits.papers import (
    NOON,
    agent_made,
    csv_of,
    event_made,
    pdf_text,
    plain,
    receipt_made,
    step_made,
)
from tests.dashboard.credits.paying import pay, until
from tests.dashboard.web.pages import words

pytestmark = pytest.mark.django_db
DETAILS = {"name": "Łódź Studio GmbH", "address": "1 Main St\nBerlin", "tax_id": "DE 123", "order_number": "PO-7"}


@pytest.fixture
def render_bot(workspace: Workspace) -> Agent:
    return agent_made(workspace)


@pytest.fixture
def sponsor(owner: User, browser_of: Callable[[User], Browser]) -> Browser:
    return browser_of(owner)


@pytest.fixture
def opened_page(sponsor: Browser, workspace: Workspace) -> Callable[[Receipt], str]:
    return lambda receipt: plain(
        words(sponsor.get(reverse("receipts:receipt_detail", args=[workspace.key, receipt.key])))
    )


@pytest.fixture
def pdf(sponsor: Browser, workspace: Workspace) -> Callable[[Receipt], bytes]:
    return lambda receipt: sponsor.get(reverse("receipts:receipt_pdf", args=[workspace.key, receipt.key])).content


def test_bought_and_paid_it_agrees_on_page_in_pdf_and_in_the_file(
    opened: Purchase,
    ready: Claim,
    sponsor: Browser,
    workspace: Workspace,
    opened_page: Callable[[Receipt], str],
    pdf: Callable[[Receipt], bytes],
) -> None:
    pay(opened)
    until(opened, "succeeded")
    agent_sync(ready.agent_id, is_forced=True)
    receipt = Receipt.objects.get()
    page, paper = opened_page(receipt), pdf_text(pdf(receipt))
    for said in (receipt.remote_id, "500 credits for render-bot", "Paid $5.00 USD", "A receipt, not a tax invoice."):
        assert said in page
        assert said in paper
    row, sums = csv_of(sponsor, reverse("receipts:receipt_export", args=[workspace.key]))
    assert (row["receipt_id"], row["paid_cents"], row["granted_credits"]) == (receipt.remote_id, "500", "500")
    assert sums["total_net_cents"] == "500"
    for known in (opened.quote_id, opened.payment_attempt_id, opened.checkout_session_id, receipt.credit_event_id):
        assert known
        assert known in page.replace(" ", "")
    assert "Opened by Olga" in page
    assert "Opened a checkout" in page
    assert "Credits added" in page


def test_refund_stands_on_the_paper_with_what_was_debited_and_what_to_do(
    workspace: Workspace,
    render_bot: Agent,
    opened_page: Callable[[Receipt], str],
    pdf: Callable[[Receipt], bytes],
) -> None:
    receipt = receipt_made(workspace, render_bot, 2_000)
    step_made(receipt, "pending", 750)
    step_made(receipt, "refunded", 750, at=NOON + timedelta(days=2))
    page, paper = opened_page(receipt), pdf_text(pdf(receipt))
    assert "Refunded. 750 credits debited from render-bot . The credits of the refund were debited." in page
    for said in ("Paid $20.00", "Taken back -$7.50", "Remains $12.50 USD", "17 Mar 2026 Refunded -750 -$7.50"):
        assert said in page
        assert said in paper


@pytest.mark.parametrize(
    ("kind", "advice", "remains"),
    [
        ("disputed", "ask the bank to withdraw it", "Remains $0.00 USD"),
        ("pending", "Nothing was debited yet", "Paid $5.00 USD"),
        ("rejected", "nothing was debited", "Paid $5.00 USD"),
    ],
)
def test_each_step_says_what_it_did(
    kind: str,
    advice: str,
    remains: str,
    workspace: Workspace,
    render_bot: Agent,
    opened_page: Callable[[Receipt], str],
) -> None:
    receipt = receipt_made(workspace, render_bot)
    step_made(receipt, kind, 500)
    said = opened_page(receipt)
    assert advice in said
    assert remains in said


def test_dispute_that_was_won_leaves_the_payment_whole(
    workspace: Workspace, render_bot: Agent, opened_page: Callable[[Receipt], str]
) -> None:
    receipt = receipt_made(workspace, render_bot)
    step_made(receipt, "disputed", 500)
    step_made(receipt, "reinstated", 500, at=NOON + timedelta(days=9))
    said = opened_page(receipt)
    assert "Given back. The payment stands again" in said
    assert "Given back +500 +$5.00" in said
    assert "Paid $5.00 USD" in said


def test_amount_that_was_not_told_is_that_of_its_credits(
    workspace: Workspace, render_bot: Agent, opened_page: Callable[[Receipt], str], sponsor: Browser
) -> None:
    receipt = receipt_made(workspace, render_bot)
    step_made(receipt, "refunded", None, credits_=-120)
    assert "Remains $3.80 USD" in opened_page(receipt)
    row, _ = csv_of(sponsor, reverse("receipts:receipt_export", args=[workspace.key]))
    assert (row["back_cents"], row["back_credits"]) == ("120", "120")


def test_something_wrong_with_a_receipt_is_told_to_billing_with_its_facts(
    workspace: Workspace, render_bot: Agent, sponsor: Browser, outsider: User, browser_of: Callable[[User], Browser]
) -> None:
    receipt = receipt_made(workspace, render_bot)
    step_made(receipt, "refunded", 200)
    page = sponsor.get(reverse("receipts:receipt_detail", args=[workspace.key, receipt.key]))
    address = reverse("web:thread_new", args=[workspace.key, "receipt", receipt.key])
    assert f'href="{address}"' in page.content.decode()
    assert f"{receipt.remote_id} Something is wrong" in words(sponsor.get(address))
    facts = dict(subject_get(workspace, "receipt", str(receipt.key)).facts)
    assert "$5.00" in facts["Paid"]
    assert "Refunded" in facts["Since then"]
    theirs = outsider.memberships.get().workspace
    for elsewhere in (address.replace(workspace.key, theirs.key), address.replace(str(receipt.key), "nonsense")):
        user = outsider if theirs.key in elsewhere else workspace.memberships.get().user
        assert browser_of(user).get(elsewhere).status_code == 404


def test_only_its_own_lines_of_the_ledger_are_beside_it(
    workspace: Workspace, render_bot: Agent, opened_page: Callable[[Receipt], str]
) -> None:
    receipt, other = receipt_made(workspace, render_bot), receipt_made(workspace, render_bot)
    mine = event_made(receipt, "credits.payment_backed_granted", at=NOON, credits_=500)
    theirs = event_made(other, "credits.payment_backed_granted", at=NOON, credits_=500)
    said = opened_page(receipt).replace(" ", "")
    assert mine.remote_id in said
    assert theirs.remote_id not in said


def test_owner_names_the_buyer_for_receipts_from_then_on(
    workspace: Workspace,
    render_bot: Agent,
    owner: User,
    sponsor: Browser,
    opened_page: Callable[[Receipt], str],
    pdf: Callable[[Receipt], bytes],
) -> None:
    before = receipt_made(workspace, render_bot, at=timezone.now() - timedelta(days=1))
    address = reverse("receipts:buyer", args=[workspace.key])
    assert sponsor.post(address, DETAILS).status_code == 302
    after = receipt_made(workspace, render_bot, at=timezone.now())
    block = "Łódź Studio GmbH 1 Main St Berlin Tax id: DE 123 Order number: PO-7"
    assert block in opened_page(after)
    assert block in pdf_text(pdf(after))
    assert "Łódź" not in opened_page(before)
    entry = AuditEntry.objects.get(action="buyer_details.changed")
    assert (entry.actor_id, entry.before["name"], entry.after) == (owner.pk, "", DETAILS)
    sponsor.post(address, {**DETAILS, "name": "Another Ltd"})
    assert block in opened_page(after), "a paper in the books stays as it is"


def test_same_details_again_write_nothing(workspace: Workspace, owner: User) -> None:
    for _ in range(2):
        buyer_change(workspace=workspace, user=owner, details=DETAILS)
    assert BuyerDetails.objects.count() == 1
    assert AuditEntry.objects.filter(action="buyer_details.changed").count() == 1


def test_details_that_were_given_cannot_be_rewritten(workspace: Workspace, owner: User) -> None:
    buyer_change(workspace=workspace, user=owner, details=DETAILS)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        BuyerDetails.objects.update(name="Somebody else")


def test_details_hold_no_invisible_characters_and_no_endless_address(workspace: Workspace, sponsor: Browser) -> None:
    address = reverse("receipts:buyer", args=[workspace.key])
    said = words(sponsor.post(address, {**DETAILS, "name": "a\N{RIGHT-TO-LEFT OVERRIDE}b", "address": "x\n" * 9}))
    assert "Leave out characters that cannot be seen" in said
    assert "At most 8 lines" in said
    assert not BuyerDetails.objects.exists()


def test_payer_that_the_service_names_stands_where_the_workspace_named_none(
    workspace: Workspace, render_bot: Agent, opened_page: Callable[[Receipt], str]
) -> None:
    receipt = receipt_made(workspace, render_bot, payer={"name": "Pia Payer", "country": "PT", "tax_id": "PT 9"})
    assert "Buyer Pia Payer PT Tax id: PT 9" in opened_page(receipt)


def test_pdf_is_the_same_bytes_for_the_same_receipt(
    workspace: Workspace, render_bot: Agent, pdf: Callable[[Receipt], bytes]
) -> None:
    receipt = receipt_made(workspace, render_bot)
    assert pdf(receipt) == pdf(receipt)


@pytest.mark.parametrize(
    "name",
    [
        "Żółć Đặng",
        "Жуков & Сыновья",
        "渲染机器人",
        "レンダー",
        "렌더봇",
        "a" * 190,
        "<b>&amp; <para>",
        "e\u0301t\u00e9",
    ],
)
def test_pdf_says_names_of_many_scripts(name: str, workspace: Workspace, pdf: Callable[[Receipt], bytes]) -> None:
    said = pdf_text(pdf(receipt_made(workspace, agent_made(workspace, name)))).replace(" ", "")
    assert name.replace(" ", "").replace("e\u0301", "\u00e9") in said
    assert UNDRAWN_NOTE.replace(" ", "") not in said


@pytest.mark.parametrize("name", ["روبوت", "🤖 bot"])
def test_pdf_owns_up_to_characters_that_it_cannot_draw(
    name: str, workspace: Workspace, pdf: Callable[[Receipt], bytes]
) -> None:
    said = pdf_text(pdf(receipt_made(workspace, agent_made(workspace, name))))
    assert UNDRAWN_NOTE in said
    assert "?" in said
