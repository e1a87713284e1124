"""`make agent`: plays a fresh agent that works a little and answers a claim code."""

import json
import re
import secrets
import sys
import urllib.error
import urllib.request
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from api_client import ApiError, Client
from dashboard.local.demo import Picture, agent_sign_up, picture_make


class Command(BaseCommand):
    help = "Sign a fresh agent up, let it make a picture, and answer the claim code given on standard input."

    def handle(self, *_args: Any, **_options: Any) -> None:  # noqa: ANN401
        # Read, not passed as an argument: a claim code must not stand in an argument list.
        self.stdout.write('Press "Claim an agent" in the dashboard and paste the claim code here, then Enter:')
        code = self._code()
        name = f"fresh-agent-{secrets.token_hex(2)}"
        try:
            token = agent_sign_up(name, "make-agent")
            with Client(base_url=settings.IMAGE_SKILL_API_BASE_URL, token=token) as client:
                picture_make(client, Picture("A postcard from a place that is not on any map", aspect_ratio="4:3"))
        except ApiError as error:
            raise CommandError(error.for_people) from None
        answer = confirmation_post(code=code, token=token)
        self.stdout.write(f"{name}: {answer['state']}. {answer['message']}")
        if "phrase" in answer:
            self.stdout.write(f"Phrase: {answer['phrase']}")

    def _code(self) -> str:
        for line in sys.stdin:
            found = re.search(r"isclaim_[\w-]+", line)
            if found:
                return found[0]
        raise CommandError("There was no claim code.")


def confirmation_post(*, code: str, token: str) -> dict[str, str]:
    """Answer a claim code as any agent would: the dashboard's public endpoint, the token in the header."""
    request = urllib.request.Request(  # noqa: S310 - our own address
        settings.DASHBOARD_URL + reverse("api:claim_confirmation"),
        data=json.dumps({"code": code}).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
            answer: dict[str, str] = json.load(response)
    except urllib.error.HTTPError as error:
        answer = json.load(error)
    except urllib.error.URLError as error:
        raise CommandError(f"The dashboard does not answer: {error.reason}. Is `make run` on?") from None
    return answer
