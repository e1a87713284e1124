"""URL converters."""

from django.urls import register_converter


class RemoteId:
    """An id of the hosted API: prefix, underscore and 1-128 characters (contract section 3.2)."""

    regex = r"[a-z_]{1,24}_[A-Za-z0-9._-]{1,128}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(RemoteId, "remote")
