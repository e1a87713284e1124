"""The words of the ledger's search box: `type:job.completed agent:"render bot" job_123`."""

import re

# What people write -> the filter's field.
KEYS = {
    **{name: name for name in ("agent", "type", "operation", "status", "cost", "since", "until")},
    **dict.fromkeys(("id", "subject", "job", "asset", "trace", "quote", "receipt", "event"), "reference"),
    "from": "since",
    "to": "until",
}
_WORD = re.compile(r'(?P<key>[a-z]+):(?:"(?P<quoted>[^"]*)"|(?P<plain>\S+))')


def box_read(text: str) -> dict[str, str]:
    """Return the filter's fields that a text names; what is left over is an id. A key we do not know is left over."""
    found: dict[str, str] = {}

    def take(word: re.Match[str]) -> str:
        field = KEYS.get(word["key"])
        if field is None:
            return word[0]
        found[field] = word["quoted"] or word["plain"] or ""
        return " "

    rest = " ".join(_WORD.sub(take, text).split())
    return found | ({"reference": rest} if rest else {})
