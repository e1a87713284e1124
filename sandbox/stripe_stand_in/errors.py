"""Failures as Stripe tells them."""

from typing import Any


class StripeFailure(Exception):
    """Ends a call with Stripe's error object. `param` is the field that is wrong."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {
            "error": {"type": kind, "code": code, "message": message, "param": param, "doc_url": None}
        }


def missing(kind: str, object_id: str) -> StripeFailure:
    """No such object."""
    return StripeFailure(f"No such {kind}: '{object_id}'", status=404, code="resource_missing", param="id")


def required(param: str) -> StripeFailure:
    """A field that must be there is not."""
    return StripeFailure(f"Missing required param: {param}.", code="parameter_missing", param=param)


def wrong(param: str, message: str) -> StripeFailure:
    """A field has a value that is not possible."""
    return StripeFailure(message, code="parameter_invalid", param=param)


def state(message: str, code: str) -> StripeFailure:
    """The object is not in a state in which this can be done."""
    return StripeFailure(message, code=code)
