"""Errors of the JSON API in its one shape: a state, and a sentence about what to do."""

from rest_framework.exceptions import APIException, Throttled
from rest_framework.response import Response
from rest_framework.views import exception_handler


def answer_for(error: Exception, context: dict[str, object]) -> Response | None:
    """Turn Django REST framework's own refusals into `{"state", "message"}`; anything else goes on up."""
    response = exception_handler(error, context)
    if response is None or not isinstance(error, APIException):
        return response
    if isinstance(error, Throttled):
        state, message = "too_many", "Too many requests; see the Retry-After header."
    else:
        state, message = "invalid", _sentence(error)
    response.data = {"state": state, "message": message}
    return response


def _sentence(error: APIException) -> str:
    detail = error.detail
    if isinstance(detail, dict):
        return "; ".join(f"{field}: {' '.join(map(str, reasons))}" for field, reasons in detail.items())
    return str(detail)
