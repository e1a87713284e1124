"""What an agent could make with what it has."""

from collections.abc import Iterable
from dataclasses import dataclass

from dashboard.agents.models import Agent
from dashboard.catalog.models import CatalogModel


@dataclass(frozen=True)
class Offer:
    """A model and how many of its results some credits pay for; None where it does not run, or that is not told."""

    model: CatalogModel
    makes: int | None


@dataclass(frozen=True)
class Shelf:
    """The offers of one kind, as the service calls it."""

    modality: str
    offers: list[Offer]


def makes(model: CatalogModel, agent: Agent | None) -> int | None:
    """Return how many single results at the list price an agent's credits pay for; None of a model that does not run.

    Parameters and larger sizes cost more, so it is a rough figure; a price that nobody knows before the run gives none.
    """
    price = model.credits_required
    if agent is None or agent.credits is None or not model.is_runnable:
        return None
    if not price or price < 0 or model.is_cost_known is False:
        return None
    return max(agent.credits, 0) // price


def shelves(models: Iterable[CatalogModel], agent: Agent | None) -> list[Shelf]:
    """Return models as offers by kind: pictures first, then in the order in which the kinds come."""
    found: dict[str, list[Offer]] = {"image": []}
    for model in models:
        found.setdefault(model.modality, []).append(Offer(model, makes(model, agent)))
    return [Shelf(modality, offers) for modality, offers in found.items() if offers]
