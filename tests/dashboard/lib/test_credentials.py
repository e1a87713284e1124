"""What looks like a credential is found however it is written, and ordinary complaints are left alone."""

import pytest

from dashboard.lib.credentials import REMOVED, screened

CARD = "a card number"
TOKEN = "a token of Image Skill"
KEY = "a secret key"
WALLET = "a wallet's key or a transaction hash"
CODE = "a password or security code"
SEED = "a wallet's seed phrase"
WORDS = "abandon ability able about above absent absorb abstract absurd abuse access accident"


@pytest.mark.parametrize(
    ("secret", "name"),
    [
        ("4242424242424242", CARD),
        ("4242 4242 4242 4242", CARD),
        ("4242-4242-4242-4242", CARD),
        ("4242\n4242\n4242\n4242", CARD),
        ("378282246310005", CARD),
        ("4222222222222", CARD),
        ("6304000000000000000", CARD),
        ("4242 4242\N{ZERO WIDTH SPACE}4242 4242", CARD),
        ("".join(chr(0xFF10 + int(digit)) for digit in "5555555555554444"), CARD),
        ("".join(chr(0x0660 + int(digit)) for digit in "5555555555554444"), CARD),
        ("isk_r_abcDEF123-_.~", TOKEN),
        ("ISK_abcDEF123", TOKEN),
        ("isclaim_abcdefghij", TOKEN),
        ("sk_live_abcdef123456", KEY),
        ("rk_test_abcdef123456", KEY),
        ("whsec_abcdef123456", KEY),
        ("AKIAABCDEFGHIJKLMNOP", KEY),
        ("-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----", KEY),
        ("0x" + "4f3c" * 16, WALLET),
        ("4F3C" * 16, WALLET),
        ("password: hunter2!", CODE),
        ("CVC 123", CODE),
        (WORDS, SEED),
        (WORDS.upper(), SEED),
        (WORDS.replace(" ", ", "), SEED),
        (" ".join(f"{number}. {word}" for number, word in enumerate(WORDS.split(), 1)), SEED),
        (f"{WORDS} {WORDS}", SEED),
    ],
)
def test_credential_is_found_and_taken_out_whole(secret: str, name: str) -> None:
    seen = screened(f"Take this: {secret}\n(Thank you!)")
    assert seen.found == (name,)
    assert seen.masked == f"Take this: {REMOVED}\n(Thank you!)"


def test_card_number_is_found_between_other_digits() -> None:
    seen = screened("On 20 11 2026 I paid with 4242 4242 4242 4242 12/27 123")
    assert seen.found == (CARD,)
    assert "4242 4242" not in seen.masked


def test_several_are_all_taken_out_and_each_is_named_once() -> None:
    seen = screened("4242424242424242 and isk_r_abc123 and 5555555555554444, dear people")
    assert seen.found == (CARD, TOKEN)
    assert seen.masked == f"{REMOVED} and {REMOVED} and {REMOVED}, dear people"


@pytest.mark.parametrize(
    "text",
    [
        "I paid $20.00 on 20 Nov 2026 at 17:04:09 and 2,000 credits never came.",
        "Order 4242 4242 4242 4243 is not a card, its check digit is wrong.",
        "Receipt rcpt_01HV8Z7Q4K2M9N, trace 1732112345678, purchase 128.",
        "8f14e45f-ceea-467f-a8c6-4b1d2f0e9a11 was charged twice",
        "Call me at +44 20 7946 0958 or +1 (415) 555-0132.",
        "The password was never asked for, and my pin works.",
        "Yesterday render-bot made many pictures that nobody wanted, so please give us back whatever it spent.",
        "Three Two Words",
        "\N{FAMILY}\N{ZERO WIDTH JOINER} \N{ARABIC LETTER ALEF}",
        "",
    ],
)
def test_ordinary_complaint_stays_as_it_is(text: str) -> None:
    seen = screened(text)
    assert seen.found == ()
    assert seen.masked == text


@pytest.mark.parametrize("filler", ["1 ", "1", "word ", "a", "isk_a_b ", "-----BEGIN ", "abc,,, ", "4242"])
def test_long_hostile_text_is_read_through_and_nothing_is_left_in_it(filler: str) -> None:
    masked = screened((filler * 4_000)[:4_000]).masked
    assert screened(masked).found == ()


def test_seed_phrase_is_found_within_prose() -> None:
    seen = screened(f"The words are {WORDS} and then we lost the money")
    assert seen.found == (SEED,)
    assert not {"abandon", "accident"} & set(seen.masked.split())
