"""When something breaks: our fault is a 500, a database that is away is a 503 that says when to come back."""

import pytest
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.test import RequestFactory

from dashboard.web.errors import server_error


def answer_to(error: Exception) -> HttpResponse:
    try:
        raise error
    except type(error):
        return server_error(RequestFactory().get("/"))


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed")])
def test_database_that_is_away_is_said_so(error: Exception) -> None:
    answer = answer_to(error)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_fault_of_ours_is_a_500() -> None:
    answer = answer_to(ValueError("ours"))
    assert answer.status_code == 500
    assert "ours" not in answer.content.decode()
