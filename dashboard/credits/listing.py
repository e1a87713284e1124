"""The list of purchases and its filter, which lives in the page's address."""

from django import forms
from django.db.models import QuerySet

from dashboard.agents.forms import AgentFilterForm
from dashboard.credits.lines import PurchaseLine
from dashboard.credits.machine import UNPAID_ENDS
from dashboard.credits.models import Purchase
from dashboard.credits.selectors import PAGE_SIZE, purchase_list
from dashboard.lib.paging import Page, page_of_lines

STATES = {
    "open": ("Under way", Purchase.UNDER_WAY),
    "done": ("Credits added", (Purchase.State.SUCCEEDED,)),
    "unpaid": ("Ended unpaid", UNPAID_ENDS),
}


class PurchaseFilterForm(AgentFilterForm):
    """Which purchases of a workspace are wanted."""

    state = forms.ChoiceField(
        label="State", choices=[("", "Any"), *((key, name) for key, (name, _) in STATES.items())], required=False
    )
    origin = forms.ChoiceField(label="Opened", choices=[("", "By anybody"), *Purchase.Origin.choices], required=False)

    def page(self, *, cursor: str) -> Page[PurchaseLine]:
        """Return a page of what a valid form asks for, newest first."""
        return page_of_lines(self._rows(), PurchaseLine, by="opened_at", cursor=cursor, size=PAGE_SIZE)

    def _rows(self) -> "QuerySet[Purchase]":
        rows, wanted = purchase_list(self.workspace), self.cleaned_data
        if wanted["agent"]:
            rows = rows.filter(agent__in=self.agents_meant().values("pk"))
        if wanted["state"]:
            rows = rows.filter(state__in=STATES[wanted["state"]][1])
        return rows.filter(origin=wanted["origin"]) if wanted["origin"] else rows
