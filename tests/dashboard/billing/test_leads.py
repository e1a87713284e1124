"""From a payment, an exception and a thread to what can be done about the money, and never where nothing can."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.models import User, Workspace
from dashboard.billing.models import Chain, StripePayment
from dashboard.credits.models import Receipt
from dashboard.support.models import Thread
from dashboard.support.services import Subject, thread_open
from tests.dashboard.billing.desk_rows import finding_made, payment_made
from tests.dashboard.billing.rows import disputed, refund_ordered
from tests.dashboard.credits.papers import agent_made, receipt_made
from tests.dashboard.web.pages import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(billing_admin: User, browser_of: Callable[[User], Browser]) -> Browser:
    return browser_of(billing_admin)


def refund_address(chain: Chain) -> str:
    return f'href="{reverse("billing:refund_new", args=[chain.key])}"'


def page_of(desk: Browser, chain: Chain) -> str:
    return desk.get(reverse("billing:chain_detail", args=[chain.key])).content.decode()


def test_payment_leads_to_its_refund_until_all_of_it_is_back(desk: Browser) -> None:
    chain = payment_made()
    assert refund_address(chain) in page_of(desk, chain)
    StripePayment.objects.update(refunded_cents=500)
    assert refund_address(chain) not in page_of(desk, chain)


@pytest.mark.parametrize(("status", "offers"), [("warning_needs_response", True), ("needs_response", False)])
def test_payment_leads_to_its_dispute_which_holds_the_money(status: str, offers: bool, desk: Browser) -> None:
    chain = payment_made()
    dispute = disputed(chain, status=status)
    said = page_of(desk, chain)
    assert f'href="{reverse("billing:dispute_detail", args=[dispute.dispute_id])}"' in said
    assert (refund_address(chain) in said) is offers


def test_payment_shows_the_refund_that_is_on_its_way(desk: Browser, billing_admin: User) -> None:
    chain = payment_made()
    order = refund_ordered(chain, billing_admin)
    said = page_of(desk, chain)
    assert f'href="{reverse("billing:refund_detail", args=[order.key])}"' in said
    assert f"Here, by <bdi>{billing_admin.display_name}</bdi>" in said


def test_money_without_credits_leads_to_a_refund_first_where_nothing_here_can_grant_them(desk: Browser) -> None:
    for kind, is_first in (("paid_not_granted", True), ("amount_differs", False)):
        chain = payment_made()
        said = desk.get(reverse("billing:finding_detail", args=[finding_made(chain, kind=kind).key])).content.decode()
        assert refund_address(chain) in said
        assert (said.index(refund_address(chain)) < said.index("Look again")) is is_first


def test_unpaid_attempt_offers_no_refund(desk: Browser) -> None:
    chain = payment_made(state="open", paid_at=None)
    finding = finding_made(chain, kind="attempt_stuck")
    page = reverse("billing:finding_detail", args=[finding.key])
    assert refund_address(chain) not in desk.get(page).content.decode()
    assert refund_address(chain) not in page_of(desk, chain)


@pytest.mark.parametrize("kind", ["purchase", "receipt"])
def test_thread_shows_its_payment_and_leads_to_the_refund(
    kind: str, desk: Browser, workspace: Workspace, owner: User
) -> None:
    receipt = receipt_made(workspace, agent_made(workspace), opened_by=owner)
    chain = paid_at_stripe(receipt)
    key = str(receipt.key if kind == "receipt" else receipt.purchase.key)
    thread = thread_about(workspace, owner, Subject(kind, key, "500 credits"))
    answer = desk.get(reverse("web:thread_desk", args=[thread.key]))
    assert "$5.00, all sides of it" in words(answer)
    assert "Settled by Image Skill" in words(answer)
    lead = reverse("billing:refund_of", args=[kind, key])
    assert f'href="{lead}"' in answer.content.decode()
    assert desk.get(lead)["Location"] == reverse("billing:refund_new", args=[chain.key])


def test_thread_about_money_that_stripe_did_not_take_offers_no_refund(
    desk: Browser, workspace: Workspace, owner: User
) -> None:
    receipt = receipt_made(workspace, agent_made(workspace), opened_by=owner)
    thread = thread_about(workspace, owner, Subject("receipt", str(receipt.key), "500 credits"))
    answer = desk.get(reverse("web:thread_desk", args=[thread.key]))
    assert "Its payment" in words(answer)
    assert reverse("billing:refund_of", args=["receipt", receipt.key]) not in answer.content.decode()


def paid_at_stripe(receipt: Receipt) -> Chain:
    """Let Stripe have taken the money of a receipt; returns the payment with both sides."""
    other = payment_made()
    payment = other.stripe_payment
    other.delete()
    chain = Chain.objects.get(purchase=receipt.purchase)
    Chain.objects.filter(pk=chain.pk).update(stripe_payment=payment)
    return chain


def thread_about(workspace: Workspace, user: User, subject: Subject) -> Thread:
    return thread_open(
        workspace=workspace, user=user, subject=subject, problem="missing_credits", text="They never came.", key=uuid4()
    )
