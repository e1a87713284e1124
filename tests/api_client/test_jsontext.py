import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_client.jsontext import MAX_DEPTH, is_deeper_than, parse


def trees(text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.none() | st.booleans() | st.integers() | text,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
        max_leaves=30,
    )


STORABLE = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
ANY_TEXT = st.text(st.characters(exclude_categories=()) | st.sampled_from("\0\ud800\udfff"))


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"<html>",
        b"{",
        b'{"a":1}x',
        b"\xff\xfe{\x00}\x00",
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        b"NaN",
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": "raw\ncontrol"}',
        b"1" * 5_000,
        b"1e99999999999999999999",
        nested(MAX_DEPTH + 2),
        nested(100_000),
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    ],
)
def test_what_is_no_sound_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of its kinds
        parse(body)


def test_a_byte_order_mark_is_forgiven() -> None:
    assert parse(b'\xef\xbb\xbf{"ok": true}') == {"ok": True}


@pytest.mark.parametrize("number", [b"0.066", b"1e-7", b"1E400", b"-0.0"])
def test_no_number_becomes_a_float(number: bytes) -> None:
    value = parse(b"[" + number + b"]")
    assert value == [Decimal(number.decode())]
    assert not isinstance(value[0], float)


def test_depth_is_counted_on_the_bound() -> None:
    assert parse(nested(MAX_DEPTH)) is not None
    assert not is_deeper_than(json.loads(nested(3)), 3)
    assert is_deeper_than(json.loads(nested(5)), 3)


@given(trees(STORABLE))
def test_a_sound_tree_comes_back_as_it_was(tree: Any) -> None:
    assert parse(json.dumps(tree).encode()) == tree


@given(trees(ANY_TEXT))
def test_every_tree_comes_back_as_a_database_can_hold_it(tree: Any) -> None:
    text = json.dumps(parse(json.dumps(tree).encode()), ensure_ascii=False)
    assert "\\u0000" not in text
    text.encode()  # raises where a lone surrogate is left


@given(st.binary(max_size=200))
def test_no_bytes_at_all_can_crash_the_reader(body: bytes) -> None:
    try:
        parse(body)
    except ValueError:
        return


def test_an_escaped_pair_of_surrogates_is_one_character() -> None:
    assert parse(b'"\\ud83d\\ude00"') == "\U0001f600"
