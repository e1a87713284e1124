"""Purchases of linked agents join their chains as they are saved."""

from typing import Any

from dashboard.billing.chains import chains_link
from dashboard.billing.models.chain import STRONG_IDS
from dashboard.credits.models import Purchase


def purchase_saved(instance: Purchase, **_: Any) -> None:  # noqa: ANN401 - what Django's signal sends
    """Put a purchase into its chain once it has an id that names one payment; before, nothing can cost money."""
    if any(getattr(instance, name, "") for name in STRONG_IDS):
        chains_link("purchase", [instance])
