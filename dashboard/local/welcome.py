"""The block that `make run` prints once everything answers."""

from django.conf import settings
from django.db import connections

from dashboard.accounts.models import User
from dashboard.local.demo import demo_fill, demo_is_filled
from dashboard.local.people import PEOPLE, link_make, people_ensure

LINE = "-" * 78


def welcome_print(*, has_demo: bool) -> None:
    """Fill the demo on the first start, then print the address and how to get in."""
    try:
        people = _demo_lines() if has_demo else _real_lines()
    finally:
        connections.close_all()
    print(
        "\n".join(["", LINE, f"{settings.PRODUCT_NAME} Dashboard  {settings.DASHBOARD_URL}/", *people, LINE]),
        flush=True,
    )


def _demo_lines() -> list[str]:
    workspace = people_ensure()
    if not demo_is_filled(workspace):
        print("First start: five demo agents sign up and work at the sandbox. This takes a few seconds.", flush=True)
        demo_fill(workspace=workspace, sponsor=User.objects.get(email=PEOPLE[0].email))
    links = [f"  {person.title:<24}{link_make(User.objects.get(email=person.email))}" for person in PEOPLE]
    return [
        f"Sandbox (plays {settings.PRODUCT_NAME})  {settings.IMAGE_SKILL_API_BASE_URL}/",
        "",
        "Sign in, one press each, each link works once:",
        *links,
        "",
        'A fresh agent that asks to be claimed (press "Claim an agent" first):  make agent',
        "Stop everything: Ctrl-C",
    ]


def _real_lines() -> list[str]:
    return [
        f"Talks to  {settings.IMAGE_SKILL_API_BASE_URL}",
        "Sign up at the address above; mails are written to " + settings.EMAIL_FILE_PATH,
        "First platform role: .venv/bin/python manage.py grant_platform_role EMAIL operator",
        "Stop everything: Ctrl-C",
    ]
