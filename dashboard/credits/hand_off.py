"""Addresses and instructions of payment that came from outside: shown only where they are what they must be."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings

from api_client import PayableInstructions, PurchaseAttempt

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
MAX_URL = 4_000
# Visible ASCII without what browsers repair: a backslash is a slash to them, and blanks vanish.
_SOUND = re.compile(r"[!-\[\]-~]+")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_WORD = re.compile(r"[A-Za-z0-9._-]{1,40}")
_ATOMIC = re.compile(r"[1-9][0-9]{0,30}")

# Whole decimals of a dollar's hundredth: a stable coin has at least these two (contract 3.8 has six).
CENT_DECIMALS, MOST_DECIMALS = 2, 30


def hand_off_url(offered: Iterable[str | None]) -> str:
    """Return the first of some addresses for the payer that may become a link, with its fragment untouched.

    Empty where none may (contract 4.4): scheme, host and port must be those of the API or on the list.
    """
    return next((url for url in offered if url and is_allowed(url)), "")


def is_allowed(url: str) -> bool:
    """Tell whether an address may become a link: https (http on loopback alone), and an origin that we know."""
    if len(url) > MAX_URL or not _SOUND.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    if "@" in parts.netloc or not (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)):
        return False
    return (parts.scheme, host, port or _default(parts.scheme)) in {_place(each) for each in _origins()}


def deposit_of(attempt: PurchaseAttempt, *, price_cents: int | None) -> dict[str, object] | None:
    """Return what to pay where (contract 3.8), in checked words; None where any part is missing or contradicts another.

    `amount_atomic` is whole atomic units as text, exactly the price; `decimals` says how many make a coin.
    """
    told = attempt.stripe_x402.payable_instructions if attempt.stripe_x402 else None
    if told is None or price_cents is None or not _is_exact(told, price_cents):
        return None
    words = (told.network, told.token_currency)
    addresses = (told.deposit_address, told.token_contract_address)
    if not all(_WORD.fullmatch(word or "") for word in words):
        return None
    if not all(_ADDRESS.fullmatch(address or "") for address in addresses):
        return None
    return {
        "address": told.deposit_address,
        "amount_atomic": told.token_amount_atomic,
        "decimals": told.token_decimals,
        "token": told.token_currency,
        "network": told.network,
        "contract": told.token_contract_address,
    }


def _is_exact(told: PayableInstructions, price_cents: int) -> bool:
    decimals = told.token_decimals
    if decimals is None or not CENT_DECIMALS <= decimals <= MOST_DECIMALS:
        return False
    if not _ATOMIC.fullmatch(told.token_amount_atomic):
        return False
    exact: int = price_cents * 10 ** (decimals - CENT_DECIMALS)
    return int(told.token_amount_atomic) == exact


def _origins() -> list[str]:
    return [settings.IMAGE_SKILL_API_BASE_URL, *settings.HAND_OFF_ORIGINS]


def _place(origin: str) -> tuple[str, str, int]:
    parts = urlsplit(origin)
    return parts.scheme, parts.hostname or "", parts.port or _default(parts.scheme)


def _default(scheme: str) -> int:
    return 443 if scheme == "https" else 80
