"""How long likeness takes: `main`, Django set up on a database that may be written to. Prints seconds, and the size."""

import json
import time

from dashboard.feedback.alike import clusters_compare
from dashboard.feedback.models import Cluster, Suggestion

# The middle of so many by themselves.
ONES = 15


def main() -> None:
    Suggestion.objects.all().delete()
    Cluster.objects.update(compared_at=None)
    everything = _seconds()
    ones = []
    for number in Cluster.objects.order_by("-pk").values_list("pk", flat=True)[:ONES]:
        Cluster.objects.filter(pk=number).update(compared_at=None)
        ones.append(_seconds())
    print(json.dumps({"all": everything, "one": sorted(ones)[ONES // 2], "items": Cluster.objects.count()}))


def _seconds() -> float:
    started = time.monotonic()
    clusters_compare()
    return time.monotonic() - started
