"""How often a page asks the database."""

from collections.abc import Callable

from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from dashboard.accounts.answers import ANSWERS


def statements_of(ask: Callable[[], HttpResponse]) -> int:
    """Return how many statements a page takes that is made anew: one that is remembered is asked for first."""
    ANSWERS.clear()
    with CaptureQueriesContext(connection) as captured:
        assert ask().status_code == 200
    return len(captured)
