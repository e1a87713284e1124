"""Objects of the hosted API as sent, of a size that a row may have."""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder


def bounded_json(part: dict[str, Any], *, most: int) -> dict[str, Any]:
    """Return an object as it came while its JSON has at most so many characters; else their beginning, as `cut`."""
    text = json.dumps(part, cls=DjangoJSONEncoder)
    return part if len(text) <= most else {"cut": text[:most]}
