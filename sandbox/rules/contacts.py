"""Inboxes: what is one, and how little of it is ever shown again."""

import re

_INBOX = re.compile(r"[^@\s,;<>\"]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+")


def normalize(contact: str) -> str | None:
    """Trimmed and in lower case, as the public client sends it; None where it does not look like an inbox."""
    text = contact.strip().lower()
    return text if len(text) <= 254 and _INBOX.fullmatch(text) else None


def redact(contact: str) -> str:
    """`ada@example.com` -> `a***@example.com`."""
    name, _, host = contact.rpartition("@")
    return f"{name[0]}***@{host}"
