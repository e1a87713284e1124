"""Command lines and documentation links that answers suggest. They name the public client, whose name is a setting."""

from django.conf import settings


def command(text: str) -> str:
    """`whoami --json` -> `image-skill whoami --json`."""
    return f"{settings.SANDBOX_PROGRAM} {text}"


def docs(anchor: str) -> str:
    """The public documentation of one command."""
    return f"{settings.SANDBOX_DOCS_URL}#{settings.SANDBOX_PROGRAM}-{anchor}"
