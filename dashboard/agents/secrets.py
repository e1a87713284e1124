"""The one-time code and the confirmation phrase of a claim ceremony."""

import secrets

from django.utils.crypto import constant_time_compare, salted_hmac

CODE_PREFIX = "isclaim_"
PHRASE_LENGTH = 6
# Crockford's base 32 without letters that are mistaken for digits: read aloud and typed without doubt.
PHRASE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def code_make() -> str:
    """Return a fresh claim code of 192 random bits."""
    return CODE_PREFIX + secrets.token_urlsafe(24)


def keyed_hash(value: str) -> str:
    """Return the keyed hash under which a code, token or phrase is kept: useless without our secret key."""
    return salted_hmac("dashboard.agents.claim", value, algorithm="sha256").hexdigest()


def phrase_for(*, attempt_key: str, token: str) -> str:
    """Return the six-character phrase of an attempt; the same agent asking again gets the same one."""
    digest = int(salted_hmac("dashboard.agents.phrase", f"{attempt_key}:{token}", algorithm="sha256").hexdigest(), 16)
    letters = []
    for _ in range(PHRASE_LENGTH):
        digest, index = divmod(digest, len(PHRASE_ALPHABET))
        letters.append(PHRASE_ALPHABET[index])
    return "".join(letters)


def phrase_normal(typed: str) -> str:
    return "".join(character for character in typed.upper() if character.isalnum())


def hash_matches(value: str, kept: str) -> bool:
    return bool(kept) and constant_time_compare(keyed_hash(value), kept)
