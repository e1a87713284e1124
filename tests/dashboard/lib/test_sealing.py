"""Sealed secrets open for their own row, under any key of the list, and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.lib.sealing import KindUnknown, SealBroken, seal, unseal

ROW = "agents.claim:1"


@given(st.text())
def test_what_is_sealed_opens_for_its_row(plaintext: str) -> None:
    plaintext = plaintext.encode("utf-8", "ignore").decode()
    assert unseal(seal(plaintext, identity=ROW), identity=ROW) == plaintext


def test_text_of_another_row_does_not_open() -> None:
    with pytest.raises(SealBroken):
        unseal(seal("isk_r_secret", identity="agents.claim:2"), identity=ROW)


def test_sealing_twice_never_looks_the_same() -> None:
    assert seal("isk_r_secret", identity=ROW) != seal("isk_r_secret", identity=ROW)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=127))
def test_altered_text_does_not_open(place: int, change: int) -> None:
    sealed = bytearray(seal("isk_r_secret", identity=ROW).encode())
    start = sealed.rindex(b".") + 1
    index = start + place % (len(sealed) - start)
    sealed[index] = (sealed[index] + change) % 128
    with pytest.raises(SealBroken):
        unseal(sealed.decode("ascii", "replace"), identity=ROW)


@pytest.mark.parametrize(("written", "altered"), [("_", "/"), ("-", "+"), ("=", "=\n"), ("=", "==")])
def test_the_same_bytes_written_otherwise_do_not_open(written: str, altered: str) -> None:
    texts = (seal("isk_r_secret", identity=ROW) for _ in range(1_000))
    sealed = next(text for text in texts if written in text)
    with pytest.raises(SealBroken):
        unseal(sealed.replace(written, altered), identity=ROW)


@pytest.mark.parametrize("sealed", ["", "1", "1.k", "2.local.abcd", "1.unknown.abcd", "1.local.", "1.local.%%%"])
def test_nonsense_does_not_open(sealed: str) -> None:
    with pytest.raises(SealBroken):
        unseal(sealed, identity=ROW)


def test_old_key_still_opens_and_the_new_one_seals(settings: object) -> None:
    old, new = bytes(32), bytes(range(32))
    settings.TOKEN_KEYS = {"old": old}  # type: ignore[attr-defined]
    sealed = seal("isk_r_secret", identity=ROW)
    settings.TOKEN_KEYS = {"new": new, "old": old}  # type: ignore[attr-defined]
    assert unseal(sealed, identity=ROW) == "isk_r_secret"
    assert seal("isk_r_secret", identity=ROW).startswith("1.new.")


@pytest.mark.parametrize("identity", ["", "tests.forgotten", "tests.forgotten:1", "agents"])
def test_what_a_change_of_keys_would_not_find_cannot_be_sealed(identity: str) -> None:
    with pytest.raises(KindUnknown):
        seal("isk_r_secret", identity=identity)
