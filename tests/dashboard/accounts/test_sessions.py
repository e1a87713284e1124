"""Sessions: a new key at each sign-in, an end at the server, an end by itself; the list of signed-in browsers."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.accounts.sessions import SEEN_NOTED_SECONDS
from dashboard.audit.models import AuditEntry
from tests.dashboard.accounts.ways_in import (
    confirm,
    enrol_totp,
    is_in,
    person_with_password,
    sign_in,
    sign_in_by_code,
    totp_code,
)

pytestmark = pytest.mark.django_db
SESSIONS = "/account/sessions/"


def end_path(browser: Browser) -> str:
    session = UserSession.objects.get(session_key=browser.session.session_key)
    return f"/account/sessions/{session.pk}/end/"


@pytest.fixture
def nina() -> User:
    return person_with_password()


def test_list_names_each_browser_and_this_one(nina: User) -> None:
    here = Browser(headers={"user-agent": "Firefox <b>here</b>"})
    sign_in(nina, here)
    sign_in(nina, Browser(headers={"user-agent": "Safari there"}))
    page = here.get(SESSIONS).content.decode()
    assert "Firefox &lt;b&gt;here" in page
    assert "Safari there" in page
    assert page.count("This browser") == 1


def test_other_browser_is_signed_out_at_once_and_audited(nina: User) -> None:
    here, there, third = (sign_in(nina)[0] for _ in range(3))
    here.post(end_path(there))
    assert (is_in(here), is_in(there), is_in(third)) == (True, False, True)
    entry = AuditEntry.objects.get(action="session.ended")
    assert (entry.actor_id, entry.before["ip"]) == (nina.pk, "127.0.0.1")


def test_all_other_browsers_are_signed_out_at_once(nina: User) -> None:
    here, there, third = (sign_in(nina)[0] for _ in range(3))
    here.post(SESSIONS)
    assert (is_in(here), is_in(there), is_in(third)) == (True, False, False)
    assert AuditEntry.objects.filter(action="session.ended").count() == 2
    assert Session.objects.count() == 1


def test_session_of_somebody_else_and_the_current_one_are_not_there(nina: User) -> None:
    here, there = sign_in(nina)[0], sign_in(person_with_password("otto@example.org"))[0]
    assert here.post(end_path(there)).status_code == 404
    assert here.post(end_path(here)).status_code == 404
    assert is_in(here)
    assert is_in(there)


def test_disabled_person_is_out_in_every_browser(nina: User) -> None:
    browsers = [sign_in(nina)[0] for _ in range(2)]
    User.objects.filter(pk=nina.pk).update(is_active=False)
    assert [is_in(browser) for browser in browsers] == [False, False]
    assert not is_in(sign_in(nina)[0])


def test_new_password_ends_the_other_sessions(nina: User) -> None:
    here, there = sign_in(nina)[0], sign_in(nina)[0]
    new = "another horse battery"
    here.post("/account/password/change/", {"oldpassword": "correct horse battery", "password1": new, "password2": new})
    assert not is_in(there)


def test_list_asks_as_often_for_many_browsers_and_forgets_the_ended(nina: User) -> None:
    here = sign_in(nina)[0]
    with CaptureQueriesContext(connection) as few:
        here.get(SESSIONS)
    for _ in range(12):
        sign_in(nina, Browser())
    Session.objects.exclude(session_key=here.session.session_key).first().delete()  # type: ignore[union-attr]
    assert len(here.get(SESSIONS).context["sessions"]) == 12
    assert UserSession.objects.count() == 12
    with CaptureQueriesContext(connection) as many:
        here.get(SESSIONS)
    assert len(many) == len(few)


def key_of(browser: Browser) -> str:
    return str(browser.session.session_key)


def planted() -> Browser:
    """Return a browser with a session that somebody else knows the key of: they fixed it before the sign-in."""
    browser = Browser()
    session = browser.session
    session["planted"] = True
    session.save()
    browser.cookies["dashboard_session"] = session.session_key
    return browser


def by_password(nina: User, browser: Browser) -> None:
    sign_in(nina, browser)


def by_link(nina: User, browser: Browser) -> None:
    browser.force_login(nina)


@pytest.mark.parametrize("way_in", [by_password, by_link])
def test_session_known_before_the_sign_in_is_worth_nothing_after_it(
    way_in: Callable[[User, Browser], None], nina: User
) -> None:
    browser = planted()
    known = key_of(browser)
    way_in(nina, browser)
    assert is_in(browser)
    assert key_of(browser) != known
    assert not Session.objects.filter(session_key=known).exists()
    thief = Browser()
    thief.cookies["dashboard_session"] = known
    assert not is_in(thief)


def test_key_that_the_server_did_not_make_is_not_taken(nina: User) -> None:
    browser = Browser()
    browser.cookies["dashboard_session"] = "a" * 32
    sign_in(nina, browser)
    assert is_in(browser)
    assert key_of(browser) != "a" * 32


def test_second_factor_ends_the_half_signed_in_session(nina: User) -> None:
    secret, _ = enrol_totp(sign_in(nina)[0])
    browser, _ = sign_in(nina)
    half = key_of(browser)
    assert not is_in(browser)
    browser.post("/account/factors/authenticate/", {"code": totp_code(secret)})
    assert is_in(browser)
    assert key_of(browser) != half


def test_each_sign_in_has_a_key_of_its_own(nina: User) -> None:
    keys = {key_of(sign_in(nina)[0]) for _ in range(3)} | {key_of(sign_in_by_code(nina))}
    assert len(keys) == 4


def test_signing_out_ends_the_session_at_the_server(nina: User) -> None:
    browser = sign_in(nina)[0]
    stolen = Browser()
    stolen.cookies["dashboard_session"] = key_of(browser)
    assert is_in(stolen)
    browser.post("/account/logout/")
    assert not is_in(browser)
    assert not is_in(stolen)
    assert not Session.objects.exists()


def test_signing_in_as_somebody_else_takes_nothing_along(nina: User) -> None:
    browser = sign_in(nina)[0]
    confirm(browser)
    first = key_of(browser)
    browser.post("/account/logout/")
    sign_in(person_with_password("otto@example.org"), browser)
    assert key_of(browser) != first
    assert b"otto@example.org" in browser.get("/profile/").content
    assert b"nina@example.com" not in browser.get("/profile/").content


@pytest.mark.parametrize(("days_away", "is_still_in"), [(2.9, True), (3.0, False), (13, False)])
def test_session_that_nobody_uses_is_over(nina: User, days_away: float, is_still_in: bool) -> None:
    browser = sign_in(nina)[0]
    with time_machine.travel(timezone.now() + timedelta(days=days_away)):
        assert is_in(browser) is is_still_in
    assert is_in(browser) is is_still_in, "what is over does not come back"


def test_session_in_use_is_over_two_weeks_after_its_sign_in(nina: User) -> None:
    browser, begun = sign_in(nina)[0], timezone.now()
    for day in range(1, 14):
        with time_machine.travel(begun + timedelta(days=day)):
            assert is_in(browser), day
    with time_machine.travel(begun + timedelta(days=14)):
        assert not is_in(browser)


def test_page_that_refreshes_itself_keeps_no_session_alive(nina: User) -> None:
    browser, begun = sign_in(nina)[0], timezone.now()
    for hours in range(1, 72, 5):
        with time_machine.travel(begun + timedelta(hours=hours)):
            assert browser.get("/profile/", headers={"x-fragment": "1"}).status_code == 200
    with time_machine.travel(begun + timedelta(hours=73)):
        assert browser.get("/profile/", headers={"x-fragment": "1"}).status_code == 401


def test_session_over_is_not_in_the_list(nina: User) -> None:
    sign_in(nina)
    with time_machine.travel(timezone.now() + timedelta(days=4)):
        assert len(sign_in(nina)[0].get(SESSIONS).context["sessions"]) == 1


def test_visit_is_written_down_now_and_then_alone(nina: User) -> None:
    browser, begun = sign_in(nina)[0], timezone.now()
    for seconds, writes in ((60, 0), (SEEN_NOTED_SECONDS + 1, 1), (SEEN_NOTED_SECONDS + 60, 0)):
        with time_machine.travel(begun + timedelta(seconds=seconds)), CaptureQueriesContext(connection) as captured:
            assert is_in(browser)
        assert len([one for one in captured if one["sql"].startswith("UPDATE")]) == writes
