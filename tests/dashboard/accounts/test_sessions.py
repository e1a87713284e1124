"""The list of signed-in browsers: one, or all others, are signed out, and are out at their next step."""

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client as Browser

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from tests.dashboard.accounts.ways_in import is_in, person_with_password, sign_in

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
