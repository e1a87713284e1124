"""Objects of the hosted API as sent, of a size that a row may have."""

from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

# Made once: `json.dumps` makes an encoder a call.
_json_text = DjangoJSONEncoder().encode
# Of one character as Python shows it JSON makes two escapes at most.
MOST_OF_ONE = 12


def bounded_json(part: dict[str, Any], *, most: int) -> dict[str, Any]:
    """Return an object as it came while its JSON has at most so many characters; else their beginning, as `cut`."""
    # Nearly all are far smaller, which is seen at a third of the cost.
    if len(repr(part)) * MOST_OF_ONE <= most:
        return part
    text = _json_text(part)
    return part if len(text) <= most else {"cut": text[:most]}
