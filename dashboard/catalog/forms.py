"""The catalogue's filter, as it stands in a page's address."""

from collections.abc import Iterable, Sequence
from functools import cached_property

from django import forms
from django.http import QueryDict

from dashboard.accounts.models import Workspace
from dashboard.agents.models import Agent
from dashboard.agents.selectors import claim_list_nearest_empty
from dashboard.catalog.models import Capability, CatalogModel
from dashboard.lib.glossary import word_for

MOST_AGENTS = 200
RUNS = [("", "Any"), ("yes", "Runs"), ("no", "Does not run")]


class CatalogFilterForm(forms.Form):
    """Which models are wanted, and whose credits are counted."""

    q = forms.CharField(label="Name", required=False, max_length=100)
    modality = forms.ChoiceField(label="Makes", required=False)
    operation = forms.ChoiceField(label="Operation", required=False)
    provider = forms.ChoiceField(label="Provider", required=False)
    runs = forms.ChoiceField(label="Runs", choices=RUNS, required=False)
    agent = forms.ChoiceField(label="With the credits of", required=False)

    def __init__(self, data: QueryDict, *, models: Sequence[CatalogModel], workspace: Workspace | None) -> None:
        super().__init__(data)
        self.models, self.workspace = models, workspace
        operations = {name for model in models for name in model.operations}
        self._offer(
            "modality", "Anything", ((one, word_for("modality", one).text) for one in _told(models, "modality"))
        )
        self._offer("operation", "Any", ((one, word_for("model_operation", one).text) for one in sorted(operations)))
        self._offer("provider", "Any", ((one, one) for one in _told(models, "provider")))
        if workspace:
            self._offer("agent", "Nobody", ((agent.remote_id, agent.display_name) for agent in self.agents))
        else:
            del self.fields["agent"]

    def _offer(self, name: str, nothing: str, choices: Iterable[tuple[str, str]]) -> None:
        self.fields[name].choices = [("", nothing), *choices]  # type: ignore[attr-defined]

    @cached_property
    def agents(self) -> list[Agent]:
        """The linked agents of the workspace, those with the fewest credits first."""
        claims = claim_list_nearest_empty(self.workspace, limit=MOST_AGENTS) if self.workspace else ()
        return [claim.agent for claim in claims]

    @property
    def chosen(self) -> Agent | None:
        """The agent of a valid form."""
        wanted = self.cleaned_data.get("agent")
        return next((agent for agent in self.agents if agent.remote_id == wanted), None)

    @property
    def is_filtered(self) -> bool:
        return any(self.data.get(name) for name in self.fields if name != "agent")

    def found(self) -> list[CatalogModel]:
        """Return the models that a valid form asks for."""
        return [model for model in self.models if self._fits(model)]

    def _fits(self, model: CatalogModel) -> bool:
        wanted = self.cleaned_data
        named = f"{model.remote_id} {model.display_name}".casefold()
        return (
            all(word in named for word in wanted["q"].casefold().split())
            and wanted["modality"] in ("", model.modality)
            and wanted["operation"] in ("", *model.operations)
            and wanted["provider"] in ("", model.provider)
            and wanted["runs"] in ("", "yes" if model.is_runnable else "no")
        )


class CapabilityFilterForm(forms.Form):
    """Which capabilities are wanted."""

    q = forms.CharField(label="Name or id", required=False, max_length=100)
    operation = forms.ChoiceField(label="Operation", required=False)

    def __init__(self, data: QueryDict, *, capabilities: Sequence[Capability]) -> None:
        super().__init__(data)
        self.capabilities = capabilities
        operations = sorted({one.operation for one in capabilities} - {""})
        offered = [(one, word_for("model_operation", one).text) for one in operations]
        self.fields["operation"].choices = [("", "Any"), *offered]  # type: ignore[attr-defined]

    @property
    def is_filtered(self) -> bool:
        return any(self.data.get(name) for name in self.fields)

    def found(self) -> list[Capability]:
        """Return the capabilities that a valid form asks for."""
        words, operation = self.cleaned_data["q"].casefold().split(), self.cleaned_data["operation"]
        return [
            one
            for one in self.capabilities
            if all(word in f"{one.remote_id} {one.name}".casefold() for word in words)
            and operation in ("", one.operation)
        ]


def _told(models: Iterable[CatalogModel], name: str) -> list[str]:
    return sorted({getattr(model, name) for model in models} - {""})
