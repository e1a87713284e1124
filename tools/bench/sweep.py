"""How long the billing desk takes to compare all payments: `main`, Django set up on a database it may write to."""

import json
import time

from django.conf import settings
from django.utils import timezone

from dashboard.billing.models import Sweep
from dashboard.billing.sweeps import sweep_run


def main() -> None:
    settings.STRIPE_API_KEY = "rk_test_of_the_bench"
    print(json.dumps([_sweep(), _sweep()]))


def _sweep() -> dict[str, float]:
    """Compare everything once."""
    sweep = Sweep.objects.create(asked_at=timezone.now())
    started = time.perf_counter()
    sweep_run(sweep)
    seconds = time.perf_counter() - started
    sweep.refresh_from_db()
    return {"seconds": seconds, "payments": sweep.payments, "found": sweep.found}
