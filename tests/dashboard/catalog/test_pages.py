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
from dashboard.catalog.models import Capability, CatalogModel
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


def test_price_of_none_is_free_and_not_unknown(visitor: Browser, workspace: Workspace, rich_agent: Agent) -> None:
    model = model_made(credits_required=0)
    listed = words(visitor.get(at(workspace, "?agent=agt_rich")))
    assert "Runs any number Free" in listed
    text = words(
        visitor.get(reverse("catalog:model_detail", args=[workspace.key, model.remote_id]) + "?agent=agt_rich")
    )
    assert "Free rich-bot needs no credits for it." in text
    assert "cannot be said" not in text


@pytest.mark.parametrize(("price", "told"), [(12, "12"), (0, "Free")])
@pytest.mark.parametrize(
    ("stands", "standing"),
    [({"status": "unavailable"}, "Not available"), ({"execution_status": "cataloged_not_wired"}, "Listed only")],
)
def test_of_a_model_that_does_not_run_nothing_can_be_made(
    price: int,
    told: str,
    stands: dict[str, str],
    standing: str,
    visitor: Browser,
    workspace: Workspace,
    rich_agent: Agent,
) -> None:
    model_made(credits_required=price, **stands)
    assert f"{standing} none {told}" in words(visitor.get(at(workspace, "?agent=agt_rich")))
    detail = reverse("catalog:model_detail", args=[workspace.key, "a.b"]) + "?agent=agt_rich"
    text = words(visitor.get(detail))
    assert "rich-bot can make none of these: the model does not run." in text
    assert "can make about" not in text
    assert "needs no credits" not in text


@pytest.mark.parametrize(
    ("path", "said"),
    [("", "What Other Name can make will appear here"), ("?agent=agt_rich", "Other Name has not told")],
)
def test_product_is_called_as_the_settings_say(
    path: str, said: str, settings: Any, visitor: Browser, workspace: Workspace, rich_agent: Agent
) -> None:
    settings.PRODUCT_NAME = "Other Name"
    if path:
        Agent.objects.update(paid_credits=None)
        model_made()
    text = words(visitor.get(at(workspace, path)))
    assert said in text
    assert "Image Skill" not in text


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


def capability_made(remote_id: str, **more: Any) -> Capability:
    about = {"name": remote_id, "operation": "image.generate", "status": "available", **more}
    return Capability.objects.create(remote_id=remote_id, synced_at=timezone.now(), **about)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["is.edit.v1", "is.film.v1"]),
        ("?q=FILM", ["is.film.v1"]),
        ("?operation=image.edit", ["is.edit.v1"]),
        ("?q=film&operation=image.edit", []),
    ],
)
def test_capabilities_are_found_by_name_and_operation(
    query: str, found: list[str], visitor: Browser, workspace: Workspace
) -> None:
    capability_made("is.edit.v1", operation="image.edit")
    capability_made("is.film.v1", name="A film", operation="video.generate")
    answer = visitor.get(reverse("catalog:capabilities", args=[workspace.key]) + query)
    assert [capability.remote_id for capability, *_ in answer.context["rows"]] == found
    assert found or "No capability fits this filter" in words(answer)


def test_capability_says_whether_it_can_be_used_and_how(visitor: Browser, workspace: Workspace) -> None:
    told = {
        "availability_reason": "The provider is down.",
        "controls": {
            "prompt": {"supported": True, "required": True},
            "output_count": {"max": 4},
            "mask": {"supported": False},
        },
        "deprecation": {"replaced_by": "is.b.v2"},
    }
    capability_made("is.a.v1")
    capability_made("is.b.v1", status="unavailable", told=told)
    capability_made("is.c.v1", status="unavailable")
    capability_made("is.d.v1", status="", told={"controls": "none"})
    text = words(visitor.get(reverse("catalog:capabilities", args=[workspace.key])))
    assert "Available not told" in text
    assert "Not available The provider is down. Deprecation: replaced by is.b.v2 Prompt : needed" in text
    assert "Output count : can be given: max 4" in text
    assert "Mask" not in text
    assert "Not available Image Skill says that it is not available, and gives no reason." in text
    assert "Image Skill does not say whether jobs can use it." in text


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"execution_status": "cataloged_not_wired"}, "Image Skill lists it, but has not connected it yet."),
        ({"status": "unavailable"}, "Image Skill says that it is not available, and gives no reason."),
        ({"is_listed": False}, "Image Skill lists it no longer."),
        ({"status": "unavailable", "unavailable_reason": "The provider is down."}, "The provider is down."),
    ],
)
def test_model_that_does_not_run_says_why(
    more: dict[str, Any], said: str, visitor: Browser, workspace: Workspace
) -> None:
    detail = reverse("catalog:model_detail", args=[workspace.key, model_made(**more).remote_id])
    assert f"It does not run {said}" in words(visitor.get(detail))


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
