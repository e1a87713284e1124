"""The catalogue's pages: filters in the address, an agent's credits counted, what is not told said so."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent, Claim
from dashboard.catalog.facts import parameters_of
from dashboard.catalog.models import CatalogModel
from tests.dashboard.web.pages import HOSTILE, words

pytestmark = pytest.mark.django_db
MOST_QUERIES = 8


@pytest.fixture
def visitor(owner: User, workspace: Workspace, browser_of: Callable[[User], Browser]) -> Browser:
    return browser_of(owner)


@pytest.fixture
def rich_agent(workspace: Workspace, owner: User) -> Agent:
    agent = Agent.objects.create(remote_id="agt_rich", organization_id="org_1", name="rich-bot", paid_credits=340)
    Claim.objects.create(workspace=workspace, agent=agent, claimed_by=owner, claimed_at=timezone.now())
    return agent


def model_made(remote_id: str = "a.b", **more: Any) -> CatalogModel:
    runs = {"status": "available", "execution_status": "executable", "modality": "image", "credits_required": 12}
    return CatalogModel.objects.create(remote_id=remote_id, synced_at=timezone.now(), **{**runs, **more})


def at(workspace: Workspace, query: str = "") -> str:
    return reverse("catalog:model_list", args=[workspace.key]) + query


def test_models_stand_with_price_and_whether_they_run(catalog: None, visitor: Browser, workspace: Workspace) -> None:
    text = words(visitor.get(at(workspace)))
    assert "Flux Dev Make an image fal Runs 5" in text
    assert "Listed only" in text
    assert "As of" in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=second", ["a.second"]),
        ("?modality=video", ["a.film"]),
        ("?operation=image.edit", ["a.second"]),
        ("?provider=other", ["a.film"]),
        ("?runs=no", ["a.film"]),
        ("?runs=yes&modality=image", ["a.first", "a.second"]),
        ("?runs=yes&modality=video", []),
    ],
)
def test_each_filter_lives_in_the_address(query: str, found: list[str], visitor: Browser, workspace: Workspace) -> None:
    model_made("a.first", operations=["image.generate"], provider="one")
    model_made("a.second", operations=["image.edit"], provider="one")
    model_made("a.film", modality="video", provider="other", status="unavailable")
    answer = visitor.get(at(workspace, query))
    shown = [offer.model.remote_id for shelf in answer.context["shelves"] for offer in shelf.offers]
    assert sorted(shown) == found
    assert found or "No model fits this filter" in words(answer)


def test_agents_credits_say_about_how_many(visitor: Browser, workspace: Workspace, rich_agent: Agent) -> None:
    model = model_made()
    text = words(visitor.get(at(workspace, "?agent=agt_rich")))
    assert "rich-bot has 340 credits" in text
    assert "about 28" in text
    detail = reverse("catalog:model_detail", args=[workspace.key, model.remote_id]) + "?agent=agt_rich"
    assert "With 340 credits rich-bot can make about 28 of these." in words(visitor.get(detail))


def test_price_that_nobody_knows_gives_no_count(visitor: Browser, workspace: Workspace, rich_agent: Agent) -> None:
    model = model_made(is_cost_known=False)
    detail = reverse("catalog:model_detail", args=[workspace.key, model.remote_id]) + "?agent=agt_rich"
    text = words(visitor.get(detail))
    assert "cannot be said before it runs" in text
    assert "Nobody knows the price" in text


def test_agent_of_another_workspace_is_nobody_here(
    visitor: Browser, workspace: Workspace, outsider: User, rich_agent: Agent, browser_of: Callable[[User], Browser]
) -> None:
    model_made()
    theirs = outsider.memberships.get().workspace
    answer = browser_of(outsider).get(at(theirs, "?agent=agt_rich"))
    assert "rich-bot" not in answer.content.decode()


def test_detail_shows_parameters_and_says_what_is_not_told(
    catalog: None, visitor: Browser, workspace: Workspace
) -> None:
    url = reverse("catalog:model_detail", args=[workspace.key, "xai.grok-imagine-image-quality"])
    text = words(visitor.get(url))
    assert "resolution 1k, 2k 1k" in text
    assert "How long it takes not told" in text
    assert "Results a job at most 4" in text


def test_what_a_service_tells_of_behaviour_and_changes_is_shown(visitor: Browser, workspace: Workspace) -> None:
    told = {"latency_class": "minutes", "safety": {"prompt": "checked"}, "migrate_to": "a.new", "deprecation": None}
    model_made(told=told)
    text = words(visitor.get(reverse("catalog:model_detail", args=[workspace.key, "a.b"])))
    assert "How long it takes minutes" in text
    assert "Safety prompt checked" in text
    assert "Migrate to a.new" in text


def test_model_that_does_not_run_says_why(visitor: Browser, workspace: Workspace) -> None:
    model_made(status="unavailable", unavailable_reason="Its provider is away.")
    text = words(visitor.get(reverse("catalog:model_detail", args=[workspace.key, "a.b"])))
    assert "It does not run Its provider is away." in text


def test_hostile_names_and_ids_are_shown_inert(visitor: Browser, workspace: Workspace) -> None:
    model_made("a/../b?<i>", name=HOSTILE, operations=[HOSTILE[:60]], provider=HOSTILE, modality=HOSTILE)
    answer = visitor.get(at(workspace))
    assert "<script>alert" not in answer.content.decode()
    url = reverse("catalog:model_detail", args=[workspace.key, "a/../b?<i>"])
    assert "<script>alert" not in visitor.get(url).content.decode()


def test_platform_people_read_the_catalogue_without_a_workspace(
    product_reviewer: User, browser_of: Callable[[User], Browser]
) -> None:
    model_made()
    visitor = browser_of(product_reviewer)
    text = words(visitor.get(reverse("catalog:model_list_all")))
    assert "With the credits of" not in text
    assert "a.b" in text
    assert visitor.get(reverse("catalog:model_detail_all", args=["a.b"])).status_code == 200
    assert visitor.get(reverse("catalog:model_detail_all", args=["a.nothing"])).status_code == 404


def test_capability_leads_to_its_model(catalog: None, visitor: Browser, workspace: Workspace) -> None:
    answer = visitor.get(reverse("catalog:capabilities", args=[workspace.key]))
    assert f"/w/{workspace.key}/catalogue/models/fal.flux-dev/" in answer.content.decode()


def test_catalogue_never_read_says_what_will_be_here(visitor: Browser, workspace: Workspace) -> None:
    text = words(visitor.get(at(workspace)))
    assert "Never read" in text
    assert "will appear here" in text


def test_pages_ask_as_often_for_many_models(visitor: Browser, workspace: Workspace, rich_agent: Agent) -> None:
    def queries(url: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert visitor.get(url).status_code == 200
        return len(captured)

    model_made()
    few = queries(at(workspace, "?agent=agt_rich"))
    for number in range(40):
        model_made(f"a.more-{number}")
    assert queries(at(workspace, "?agent=agt_rich")) == few <= MOST_QUERIES


@pytest.mark.parametrize(
    ("schema", "takes"),
    [
        ({"seed": {"type": "integer", "minimum": 0, "maximum": 9}}, "a whole number from 0 to 9"),
        ({"seed": {"enum": ["a", "b"]}}, "a, b"),
        ({"properties": {"seed": {"type": "boolean"}}}, "yes or no"),
        (
            {"seed": {"anyOf": [{"enum": ["hd"]}, {"type": "string", "maxLength": 9}]}},
            "hd, or a text of at most 9 characters",
        ),
        ({"seed": {"properties": {"width": {"type": "integer"}}}}, "width (a whole number)"),
        ({"seed": "as you like"}, "as you like"),
    ],
)
def test_parameter_is_said_in_words(schema: dict[str, Any], takes: str) -> None:
    assert [one.takes for one in parameters_of(schema)] == [takes]


@pytest.mark.parametrize(
    "schema", [None, [], "text", {"seed": {"type": ["odd"], "properties": "odd"}}, {"properties": 3}]
)
def test_odd_schema_breaks_nothing(schema: object) -> None:
    assert isinstance(parameters_of(schema), list)
