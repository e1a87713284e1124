"""The ledger's filter, as it stands in a page's address."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from api_client.records.base import MAX_WHOLE
from dashboard.accounts.models import Workspace
from dashboard.activity.arrivals import MOST_ARRIVALS
from dashboard.activity.box import box_read
from dashboard.activity.filter import COSTS, EventFilter
from dashboard.activity.text import SHORTEST
from dashboard.agents.selectors import agent_names, agents_called
from dashboard.lib.days import DaysForm
from dashboard.lib.glossary import GLOSSARY, event_word, word_for
from dashboard.lib.presentation import credits_text

# In the menu; of others the box takes the name or the id.
MOST_AGENTS = 50
# Contract section 3.11; a job's own states are those of 3.9.
OPERATIONS = ("create", "edit", "upload", "usage", "feedback", "payment", "credits")
TYPES = sorted(((raw, word.text) for raw, word in GLOSSARY["event_type"].items()), key=lambda one: one[1])
STATES = [(raw, word.text) for raw, word in GLOSSARY["job_status"].items()]


Names = tuple[tuple[str, str], ...]


def names_get(workspace: Workspace) -> Names:
    """Return the agents that the filter offers, as (remote id, shown name)."""
    return tuple(agent_names(workspace, limit=MOST_AGENTS))


class OpenChoiceField(forms.ChoiceField):
    """Offers what is published and takes any other short word as well: the service may say what no contract has."""

    def valid_value(self, value: str) -> bool:
        return len(value) <= 200 and value.isprintable()


@dataclass(frozen=True)
class Chip:
    """One filter in use, in words, and the address without it."""

    label: str
    text: str
    url: str


class AfterForm(forms.Form):
    """The number of the newest event that a page knew of."""

    after = forms.IntegerField(min_value=0, max_value=2**63 - 1)


@dataclass(frozen=True)
class Arrivals:
    """What came to a page since it knew of the event of number `after`: how many, one above MOST_ARRIVALS at most."""

    after: int
    query: QueryDict
    count: int = 0

    @property
    def url(self) -> str:
        """The address of what polls, from the ledger's."""
        return f"{address_without(self.query, 'after')}&after={self.after}"

    @property
    def first_page(self) -> str:
        return address_without(self.query, "after")

    @property
    def text(self) -> str:
        if self.count > MOST_ARRIVALS:
            return f"More than {MOST_ARRIVALS} new events"
        return f"{self.count} new event{'' if self.count == 1 else 's'}" if self.count else ""


class EventFilterForm(DaysForm):
    """What of the ledger is wanted, and of which days."""

    field_order = (
        *("agent", "type", "operation", "status", "cost", "least", "most"),
        *("text", "reference", "since", "until"),
    )

    agent = OpenChoiceField(label="Agent", required=False)
    type = OpenChoiceField(label="What", choices=[("", "Anything"), *TYPES], required=False)
    operation = OpenChoiceField(
        label="Operation", choices=[("", "Any"), *((one, one.capitalize()) for one in OPERATIONS)], required=False
    )
    status = OpenChoiceField(label="Status", choices=[("", "Any"), *STATES], required=False)
    cost = forms.ChoiceField(
        label="Credits", choices=[("", "Any"), *((key, name) for key, (name, _) in COSTS.items())], required=False
    )
    least = forms.IntegerField(label="Credits from", min_value=1, max_value=MAX_WHOLE, required=False)
    most = forms.IntegerField(label="Credits to", min_value=1, max_value=MAX_WHOLE, required=False)
    text = forms.CharField(
        label="Text",
        min_length=SHORTEST,
        max_length=200,
        required=False,
        error_messages={"min_length": f"At least {SHORTEST} letters."},
    )
    reference = forms.CharField(label="Id of anything", max_length=200, required=False)

    def __init__(self, data: QueryDict, *, workspace: Workspace, names: Names | None = None) -> None:
        super().__init__(data)
        self.query, self.workspace, self._names = data, workspace, names

    @cached_property
    def names(self) -> dict[str, str]:
        """The menu's agents by remote id, as the caller read them or read now; and who is asked for beside them."""
        names = dict(names_get(self.workspace) if self._names is None else self._names)
        asked = self.query.get("agent", "")
        return names if not asked or asked in names else names | dict(agents_called(self.workspace, asked))

    @property
    def offering(self) -> Self:
        """The form with its menus, to be drawn: what reads an address alone, or finds it drawn before, needs none."""
        agent: OpenChoiceField = self.fields["agent"]  # type: ignore[assignment]
        agent.choices = [("", "All"), *self.names.items()]
        if len(self.names) >= MOST_AGENTS:
            agent.help_text = "Not among them? Write agent:name above."
        for name in ("agent", "type", "operation", "status"):
            self._offer(name, self.query.get(name, ""))
        return self

    def _offer(self, name: str, raw: str) -> None:
        """Offer what is asked for, if nobody has: a list without it would forget it when it is sent again."""
        field: OpenChoiceField = self.fields[name]  # type: ignore[assignment]
        if raw not in dict(field.choices):  # type: ignore[arg-type]
            field.choices = [*field.choices, (raw, raw)]  # type: ignore[misc]

    def clean_agent(self) -> str:
        """Return the agent's id: people may write its name."""
        said = self.cleaned_data["agent"]
        if not said or said in self.names:
            return str(said)
        called = {key for key, name in self.names.items() if name.casefold() == said.casefold()}
        if len(called) == 1:
            return called.pop()
        problem = "Several agents are called that: choose one." if called else "No agent here is called that."
        raise forms.ValidationError(problem)

    def clean(self) -> dict[str, object]:
        cleaned = super().clean()
        least, most = self.cleaned_data.get("least"), self.cleaned_data.get("most")
        if least and most and least > most:
            self.add_error("most", "This is less than the first number.")
        return cleaned

    @property
    def wanted(self) -> EventFilter:
        """The filter of a valid form."""
        given = self.cleaned_data
        texts = {name: given[name] for name in ("agent", "type", "operation", "status", "reference", "text", "cost")}
        since, until = self.bounds
        return EventFilter(**texts, least=given["least"], most=given["most"], since=since, until=until)

    @property
    def chips(self) -> list[Chip]:
        """The filters in use, of a form that was asked whether it is valid."""
        return [
            Chip(str(self.fields[name].label), self._said(name), address_without(self.query, name))
            for name in self.fields
            if self.query.get(name)
        ]

    def _said(self, name: str) -> str:
        raw = str(self.query[name])
        if name == "type":
            return event_word(raw, "").text
        if name == "status":
            return word_for("job_status", raw).text
        if amount := name in ("least", "most") and self.cleaned_data.get(name):
            return credits_text(amount)
        return COSTS[raw][0] if name == "cost" and raw in COSTS else self.names.get(raw, raw)


def is_filtered(query: QueryDict) -> bool:
    """Tell whether an address asks for less than the whole ledger."""
    return not query.keys().isdisjoint(EventFilterForm.base_fields)


def address_without(query: QueryDict, *names: str) -> str:
    """Return the address of the first page without some of its filters."""
    left = query.copy()
    for name in (*names, "page"):
        left.pop(name, None)
    return f"?{left.urlencode()}"


def address_tidied(query: QueryDict) -> str | None:
    """Return the address that says the same in fewer words: the box's words as filters, nothing empty; or None."""
    if "q" not in query and all(query.values()):
        return None
    tidy = query.copy()
    for name, value in box_read(" ".join(query.getlist("q"))[:1_000]).items():
        tidy[name] = value
    return f"?{urlencode([pair for pair in tidy.items() if pair[1] and pair[0] not in {'q', 'page'}])}"
