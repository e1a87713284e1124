"""The list of purchases and its filter, which lives in the page's address."""

from django import forms
from django.db.models import QuerySet

from dashboard.accounts.models import Workspace
from dashboard.agents.models import Agent
from dashboard.credits.machine import UNPAID_ENDS
from dashboard.credits.models import Purchase
from dashboard.credits.selectors import PAGE_SIZE, purchase_list
from dashboard.lib.paging import Page, page_get

MOST_AGENTS = 200
State = Purchase.State
STATES = {
    "open": ("Under way", Purchase.UNDER_WAY),
    "done": ("Credits added", (State.SUCCEEDED,)),
    "unpaid": ("Ended unpaid", UNPAID_ENDS),
}


class PurchaseFilterForm(forms.Form):
    """Which purchases of a workspace are wanted."""

    agent = forms.ChoiceField(label="Agent", required=False)
    state = forms.ChoiceField(
        label="State", choices=[("", "Any"), *((key, name) for key, (name, _) in STATES.items())], required=False
    )
    origin = forms.ChoiceField(label="Opened", choices=[("", "By anybody"), *Purchase.Origin.choices], required=False)

    def __init__(self, data: object, *, workspace: Workspace) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        rows = Agent.objects.filter(purchases__workspace=workspace).distinct().order_by("name", "pk")[:MOST_AGENTS]
        named = [(agent.remote_id, agent.display_name) for agent in rows]
        self.fields["agent"].choices = [("", "All"), *named]  # type: ignore[attr-defined]

    def page(self, workspace: Workspace, *, cursor: str) -> Page[Purchase]:
        """Return a page of what a valid form asks for, newest first."""
        return page_get(self._rows(workspace), by="opened_at", cursor=cursor, size=PAGE_SIZE)

    def _rows(self, workspace: Workspace) -> QuerySet[Purchase]:
        rows, wanted = purchase_list(workspace), self.cleaned_data
        if wanted["agent"]:
            rows = rows.filter(agent__remote_id=wanted["agent"])
        if wanted["state"]:
            rows = rows.filter(state__in=STATES[wanted["state"]][1])
        return rows.filter(origin=wanted["origin"]) if wanted["origin"] else rows
