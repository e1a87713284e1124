"""Pages for whoever pays (contract 2.13)."""

import re
from datetime import timedelta

import time_machine
from django.utils import timezone

from tests.sandbox.fixtures import Answer, Caller
from tests.sandbox.paying import X402, purchase

HTML = {"accept": "text/html,application/xhtml+xml,*/*"}


def test_the_hand_off_keeps_the_fragment(agent: Caller) -> None:
    bought = purchase(agent)
    response = agent.http.get(f"/pay/{bought.id}")
    assert response.status_code == 302
    assert response.headers["location"] == bought.data["checkout_url"]
    assert len(bought.data["checkout_url"].partition("#")[2]) > 100


def test_it_keeps_leading_there_after_the_payment_until_the_end(agent: Caller) -> None:
    bought = purchase(agent)
    bought.pay()
    response = agent.http.get(f"/pay/{bought.id}")
    assert response.headers["location"] == bought.data["checkout_url"]
    assert "nothing more to pay" in agent.http.get(response.headers["location"].partition("#")[0]).text
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        gone = agent.http.get(f"/pay/{bought.id}", headers=HTML)
    assert gone.status_code == 410
    assert "over" in gone.text


def test_an_unknown_payment_is_an_envelope_for_programs_and_a_page_for_people(stranger: Caller) -> None:
    for path in ("/pay/payatt_none", "/pay/payatt_none/done", "/pay/payatt_none/canceled"):
        assert stranger.get(path).refusal == ("PAYMENT_NOT_FOUND", 404, 1)
        page = stranger.http.get(path, headers=HTML)
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert Answer(stranger.http.post(path)).refusal == ("METHOD_NOT_ALLOWED", 405, 2)


def test_the_payment_page_works_without_scripts_and_says_what_it_is(agent: Caller) -> None:
    page = agent.http.get(purchase(agent).page).text
    assert "no money moves" in page.lower()
    assert "<script" not in page
    assert '<form method="post">' in page
    assert re.findall(r'name="outcome" value="(\w+)"', page) == ["succeed", "processing", "decline", "cancel"]
    assert "$5.00" in page


def test_success_leads_to_the_services_own_page(agent: Caller) -> None:
    bought = purchase(agent)
    response = bought.press("succeed")
    session = bought.data["checkout_session_id"]
    assert response.status_code == 303
    assert response.headers["location"] == f"http://127.0.0.1:8001/pay/{bought.id}/done?session_id={session}"
    thanks = agent.http.get(response.headers["location"])
    assert (thanks.status_code, thanks.headers["referrer-policy"]) == (200, "no-referrer")
    assert "Thank you" in thanks.text
    assert bought.press("succeed").headers["location"] == response.headers["location"]
    bought.pay()
    assert "500 credits were granted" in agent.http.get(response.headers["location"]).text


def test_turning_back_offers_the_way_back(agent: Caller) -> None:
    bought = purchase(agent)
    page = agent.http.get(bought.press("cancel").headers["location"])
    assert f'href="/pay/{bought.id}"' in page.text


def test_an_unknown_button_is_refused(agent: Caller) -> None:
    assert purchase(agent).press("everything").status_code == 400


def test_an_unknown_page_of_stripe_is_gone(stranger: Caller) -> None:
    for path in ("/stripe/c/pay/cs_test_none", "/stripe/deposit/0xnone"):
        assert stranger.http.get(path).status_code == 404
        assert stranger.http.post(path, data={"outcome": "succeed"}).status_code == 404


def test_a_deposit_is_made_on_a_page(agent: Caller) -> None:
    bought = purchase(agent, 137, X402)
    page = agent.http.get(bought.page).text
    assert "1.37 USDC" in page
    assert "no money moves" in page.lower()
    assert re.findall(r'name="outcome" value="(\w+)"', page) == ["exact", "short"]
    assert "Too little was sent" in bought.press("short").text
    assert "The exact amount was sent" in bought.press("exact").text
    assert "settled" in bought.press("exact").text
