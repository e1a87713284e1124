"""What the tests of people share: confirmed addresses, the link in a mail, doing things at once."""

import re
import threading
from collections.abc import Callable, Sequence

import pytest
from allauth.account.models import EmailAddress
from django.db import connection

from dashboard.accounts.changes import ChangeRefused
from dashboard.accounts.models import User
from dashboard.notify.models import OutboxMail


def confirmed(email: str) -> User:
    """Return somebody who signed up and confirmed the address."""
    user = User.objects.create_user(email=email, name=email.partition("@")[0].title())
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def guest(db: None) -> User:
    return confirmed("gwen@example.net")


def link_token() -> str:
    """Return what the latest invitation's link holds."""
    found = re.search(r"/invitation/([\w-]+)/", OutboxMail.objects.latest("pk").text)
    assert found
    return found[1]


def at_once(acts: Sequence[Callable[[], object]]) -> list[str]:
    """Do things in threads that start together; return "done" or "refused" of each, sorted."""
    barrier, outcomes = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            act()
            outcomes.append("done")
        except ChangeRefused:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)
