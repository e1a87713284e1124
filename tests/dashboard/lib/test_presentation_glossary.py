"""Raw states never stand bare: the glossary has a word, an icon and a tone for each, and is calm about strangers."""

import json
from pathlib import Path

import pytest

from dashboard.lib.glossary import GLOSSARY, word_for
from dashboard.lib.words import Tone, Word

ROOT = Path(__file__).resolve().parents[3]
WORDS = [(kind, raw, word) for kind, words in GLOSSARY.items() for raw, word in words.items()]
# Contract section 3.11, and section 3.1.
PUBLISHED = {
    "event_type": (
        "job.completed job.planned asset.created asset.uploaded usage.credit_consumed feedback.created "
        "feedback.github_queue.processed payment.checkout_session.created credits.payment_backed_granted "
        "credits.payment_backed_refunded credits.payment_backed_disputed credits.payment_backed_reinstated "
        "credits.payment_backed_reversal_pending credits.payment_backed_reversal_rejected"
    ),
    "claim_state": "unclaimed payment_backed_unclaimed claimed revoked",
    "claim_request_state": "requested",
    "token_status": "active",
    "job_status": "completed failed canceled planned",
}


@pytest.mark.parametrize("kind", PUBLISHED)
def test_every_published_value_has_a_word(kind: str) -> None:
    assert set(PUBLISHED[kind].split()) <= set(GLOSSARY[kind])


@pytest.mark.parametrize(("kind", "raw", "word"), WORDS)
def test_every_word_is_for_people_and_has_its_icon(kind: str, raw: str, word: Word) -> None:
    icons = json.loads((ROOT / "assets/icons.json").read_text())
    assert word.icon in icons
    assert word.text[0].isupper()
    # A lead is a sentence; a raw value with a full stop in it is none.
    bare = {"_"} if kind.endswith("_lead") else {"_", "."}
    assert not bare & set(word.text), f"{kind}: {raw} stands bare"


@pytest.mark.parametrize("tone", Tone)
def test_every_tone_is_in_the_stylesheet(tone: Tone) -> None:
    assert f".tone-{tone}" in (ROOT / "static/css/app.css").read_text()


def test_the_products_own_example_is_said_as_agreed() -> None:
    assert word_for("claim_state", "payment_backed_unclaimed").text == "Paid, no sponsor"


def test_an_unknown_value_is_shown_as_it_came() -> None:
    assert word_for("job_status", "job_of_tomorrow") == Word("job_of_tomorrow", "unknown", Tone.NEUTRAL)


@pytest.mark.parametrize("raw", [None, ""])
def test_what_was_not_told_is_said_so(raw: str | None) -> None:
    assert word_for("token_status", raw).text == "Not told"


def test_a_kind_that_nobody_wrote_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        word_for("claimstate", "claimed")
