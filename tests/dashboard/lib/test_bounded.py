"""What was sent is kept as it came while it is small, and else its beginning; however it is written."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from dashboard.lib.bounded import bounded_json

TEXTS = st.text(st.characters(), max_size=30)
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
PARTS = st.dictionaries(TEXTS, st.recursive(VALUES, lambda one: st.lists(one) | st.dictionaries(TEXTS, one)))


@given(part=PARTS, most=st.integers(0, 400))
@example(part={"": "🙂" * 1_000}, most=12_008)
@example(part={"": "🙂" * 1_000}, most=12_007)
def test_only_what_is_longer_in_json_is_cut(part: dict[str, object], most: int) -> None:
    text = json.dumps(part)
    kept = bounded_json(part, most=most)
    assert (kept is part) if len(text) <= most else (kept == {"cut": text[:most]})
