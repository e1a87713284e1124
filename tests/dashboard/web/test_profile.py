"""The profile: name, time zone and theme, from its own page and from the menu of any page."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from dashboard.accounts.models import User

pytestmark = pytest.mark.django_db


def test_profile_keeps_what_is_chosen(owner: User, browser_of: Callable[..., Browser]) -> None:
    browser_of(owner).post("/profile/", {"name": "Olga B.", "time_zone": "Asia/Kathmandu", "theme": "dark"})
    owner.refresh_from_db()
    assert (owner.name, owner.time_zone, owner.theme) == ("Olga B.", "Asia/Kathmandu", "dark")


@pytest.mark.parametrize(
    ("field", "value"), [("time_zone", "Mars/Olympus"), ("theme", "neon"), ("name", "x" * 121), ("time_zone", "")]
)
def test_nonsense_is_refused_and_nothing_is_lost(
    owner: User, browser_of: Callable[..., Browser], field: str, value: str
) -> None:
    fields = {"name": "Olga", "time_zone": "UTC", "theme": "light", field: value}
    answer = browser_of(owner).post("/profile/", fields)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    owner.refresh_from_db()
    assert owner.theme == "system"


def test_times_are_shown_in_the_viewers_zone(owner: User, browser_of: Callable[..., Browser]) -> None:
    User.objects.filter(pk=owner.pk).update(time_zone="Asia/Kathmandu")
    answer = browser_of(owner).get("/profile/")
    assert 'value="Asia/Kathmandu" selected' in answer.content.decode()


def test_extra_fields_change_nothing(owner: User, browser_of: Callable[..., Browser]) -> None:
    fields = {
        "name": "Olga",
        "time_zone": "UTC",
        "theme": "light",
        "email": "x@example.com",
        "platform_roles": "operator",
    }
    browser_of(owner).post("/profile/", fields)
    owner.refresh_from_db()
    assert (owner.email, owner.platform_roles) == ("olga@example.com", [])


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/profile/?a=b", "/profile/?a=b"),
        ("https://elsewhere.test/", "/profile/"),
        ("//elsewhere.test/", "/profile/"),
        ("/\\elsewhere.test/", "/profile/"),
        ("javascript:alert(1)", "/profile/"),
        ("", "/profile/"),
    ],
)
def test_theme_switch_goes_back_to_our_pages_alone(
    owner: User, browser_of: Callable[..., Browser], wanted: str, led_to: str
) -> None:
    answer = browser_of(owner).post("/profile/theme/", {"theme": "dark", "next": wanted})
    assert answer["Location"] == led_to
    owner.refresh_from_db()
    assert owner.theme == "dark"
