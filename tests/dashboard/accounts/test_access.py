"""Every URL x every character x every method, generated from the URL configuration."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client as Browser
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from dashboard.accounts.access import Decision
from dashboard.accounts.middleware import decision_of
from dashboard.accounts.models import User, Workspace
from dashboard.accounts.navigation import PLACES, frame
from dashboard.agents.ceremony import attempt_start
from dashboard.agents.models import Agent, Claim
from dashboard.catalog.models import CatalogModel
from dashboard.local.people import link_make
from dashboard.support.services import Subject, thread_open
from tests.dashboard.accounts.access_matrix import CHARACTERS, MATRIX, MEMBERS, Row
from tests.dashboard.billing.desk_rows import desk_keys
from tests.dashboard.billing.rows import disputed, paid_chain, refund_ordered
from tests.dashboard.credits.papers import receipt_made

# The one that may change something comes last, so that the others find what is there.
METHODS = ("get", "head", "options", "put", "patch", "delete", "post")
PASSED = frozenset({200, 204, 302, 400, 401, 404, 405, 409, 415, 422, 503})


def patterns(resolver: URLResolver, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
        else:
            yield f"{namespace}{entry.name}", entry


OURS = {
    name: pattern
    for name, pattern in patterns(get_resolver(settings.ROOT_URLCONF))
    if decision_of(pattern.callback) != Decision("third_party")
}


def test_every_url_has_its_row() -> None:
    assert set(OURS) == {row.name for row in MATRIX}


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.name)
def test_declared_decision_is_the_one_in_force(row: Row) -> None:
    decision = decision_of(OURS[row.name].callback)
    assert decision is not None
    assert decision.kind == row.kind


@pytest.fixture
def characters(
    owner: User,
    buyer: User,
    viewer: User,
    outsider: User,
    product_reviewer: User,
    billing_admin: User,
    operator: User,
) -> dict[str, User | None]:
    people = (owner, buyer, viewer, outsider, product_reviewer, billing_admin, operator, None)
    return dict(zip(CHARACTERS, people, strict=True))


@pytest.fixture
def address(workspace: Workspace, owner: User) -> Callable[[str], str]:
    """Return the address of a URL name, for a thing that is really there."""
    agent = Agent.objects.create(remote_id="agt_here", organization_id="org_here", name="render-bot")
    Claim.objects.create(workspace=workspace, agent=agent, claimed_by=owner, claimed_at=workspace.created_at)
    attempt, _ = attempt_start(workspace=workspace, user=owner)
    about = Subject("agent", agent.remote_id, agent.name)
    catalog_model = CatalogModel.objects.create(remote_id="fal.here", synced_at=workspace.created_at)
    thread = thread_open(workspace=workspace, user=owner, subject=about, problem="other", text="?", key=uuid4())
    values = {
        "workspace_key": workspace.key,
        "remote_id": agent.remote_id,
        "key": attempt.key,
        "thread_key": thread.key,
        "model_id": catalog_model.remote_id,
        "kind": about.kind,
        "subject_id": about.id,
        "pk": 0,
        "number": 0,
        "width": 320,
        "preview_key": "0r1",
        "cluster_id": 0,
        "note_id": 0,
        "member_id": workspace.memberships.get(user=owner).pk,
        "receipt_key": receipt_made(workspace, agent).key,
        "order_key": refund_ordered(chain := paid_chain(), owner).key,
        "dispute_id": disputed(chain).dispute_id,
        **desk_keys(),
        "token": link_make(owner).rstrip("/").rpartition("/")[2],
    }

    def of(name: str) -> str:
        wanted = OURS[name].pattern.converters
        return reverse(name, kwargs={part: values[part] for part in wanted})

    return of


def expected(row: Row, character: str, method: str) -> frozenset[int]:
    """Return the statuses that a character may get: the decision comes before the method."""
    allowed = (row.get or frozenset()) | (row.post or frozenset())
    if character == "anonymous" and row.kind != "public":
        return frozenset({302})
    if row.kind == "member" and character not in MEMBERS:
        return frozenset({404})
    if character not in allowed:
        return frozenset({403})
    offered = row.post if method == "post" else row.get if method in {"get", "head"} else None
    return PASSED if offered else frozenset({200, 405})


@pytest.mark.anywhere
@pytest.mark.django_db
@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.name)
def test_each_character_gets_what_the_matrix_says(
    row: Row,
    characters: dict[str, User | None],
    address: Callable[[str], str],
    browser_of: Callable[[User | None], Browser],
) -> None:
    url = address(row.name)
    browsers = {character: browser_of(user) for character, user in characters.items()}
    for method, (character, browser) in product(METHODS, browsers.items()):
        # Limits of requests are not what is asked about here.
        cache.clear()
        answer = getattr(browser, method)(url)
        assert answer.status_code in expected(row, character, method), f"{method} {character} {answer.status_code}"


@pytest.mark.django_db
@pytest.mark.parametrize("row", [row for row in MATRIX if row.kind == "member"], ids=lambda row: row.name)
def test_not_yours_and_not_there_are_the_same_answer(
    row: Row, outsider: User, address: Callable[[str], str], browser_of: Callable[..., Browser], workspace: Workspace
) -> None:
    browser = browser_of(outsider)
    not_yours = browser.get(address(row.name))
    not_there = browser.get(address(row.name).replace(workspace.key, "nosuchplace"))
    assert (not_yours.status_code, not_there.status_code) == (404, 404)
    assert not_yours.content == not_there.content


@pytest.mark.django_db
def test_agent_and_thread_of_another_workspace_are_not_there(
    outsider: User, address: Callable[[str], str], browser_of: Callable[..., Browser], workspace: Workspace
) -> None:
    theirs = outsider.memberships.get().workspace
    for name in ("web:agent_detail", "agents:agent_release", "web:thread_new", "web:thread_detail"):
        own_door = address(name).replace(workspace.key, theirs.key)
        assert browser_of(outsider).get(own_door).status_code == 404
    for name in ("sync:agent_refresh", "web:thread_new", "web:thread_message"):
        own_door = address(name).replace(workspace.key, theirs.key)
        assert browser_of(outsider).post(own_door).status_code == 404


@pytest.mark.django_db
def test_signed_out_visitor_comes_back_after_signing_in(
    address: Callable[[str], str], browser_of: Callable[..., Browser]
) -> None:
    answer = browser_of(None).get(address("web:overview") + "?page=abc")
    assert answer["Location"] == f"/account/login/?next={address('web:overview')}%3Fpage%3Dabc"


@pytest.mark.django_db
def test_sign_in_never_leads_to_another_host(browser_of: Callable[..., Browser], owner: User) -> None:
    answer = browser_of(owner).get("/account/login/?next=https://elsewhere.test/")
    assert answer["Location"] == "/"


@pytest.mark.django_db
def test_address_with_a_nul_is_refused_before_the_database_is_asked(
    address: Callable[[str], str], browser_of: Callable[..., Browser], owner: User, django_assert_num_queries: Any
) -> None:
    browser = browser_of(owner)
    urls = [f"{address('activity:event_list')}?agent=%00", f"{address('web:overview')}%00/"]
    urls += [f"{address(row.name)}?any=a%00b" for row in MATRIX]
    with django_assert_num_queries(0):
        assert {url: browser.get(url).status_code for url in urls} == dict.fromkeys(urls, 400)


@pytest.mark.django_db
def test_view_without_a_decision_answers_nobody(settings: Any, browser_of: Callable[..., Browser]) -> None:
    settings.ROOT_URLCONF = "tests.dashboard.accounts.undecided_urls"
    browser = Browser(raise_request_exception=False)
    assert browser.get("/undecided/").status_code == 500


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("character", "lands_on"),
    [
        ("owner", "web:overview"),
        ("buyer", "web:overview"),
        ("viewer", "web:overview"),
        ("product_reviewer", "feedback:queue"),
        ("billing_admin", "billing:desk"),
        ("operator", "web:health"),
    ],
)
def test_each_role_lands_on_its_own_page(
    character: str,
    lands_on: str,
    characters: dict[str, User | None],
    address: Callable[[str], str],
    browser_of: Callable[..., Browser],
) -> None:
    assert browser_of(characters[character]).get("/")["Location"] == address(lands_on)


@pytest.mark.django_db
def test_navigation_shows_only_what_the_role_may_open(
    characters: dict[str, User | None], address: Callable[[str], str], browser_of: Callable[..., Browser]
) -> None:
    for user in filter(None, characters.values()):
        request = RequestFactory().get("/")
        request.user = User.objects.get(pk=user.pk)
        groups: Any = frame(request)["frame"]
        urls = [item["url"] for group in groups["groups"]() for item in group["items"]]
        assert urls
        for url in urls:
            assert browser_of(user).get(url).status_code == 200


def test_navigation_names_only_urls_of_the_matrix() -> None:
    assert {place.url_name for place in PLACES} <= {row.name for row in MATRIX}


@pytest.mark.django_db
def test_disabled_person_is_out_at_once(owner: User, address: Any, browser_of: Callable[..., Browser]) -> None:
    browser = browser_of(owner)
    assert browser.get(address("web:overview")).status_code == 200
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert browser.get(address("web:overview")).status_code == 302


@pytest.mark.django_db
def test_removed_member_is_out_at_once(
    viewer: User, address: Callable[[str], str], browser_of: Callable[..., Browser]
) -> None:
    browser = browser_of(viewer)
    viewer.memberships.all().delete()
    assert browser.get(address("web:overview")).status_code == 404


# Programs come with a token or a signature of their own, and no cookie that somebody else could make use of.
# The button of mail programs proves itself by its signed address.
PROGRAMS = ("api:", "billing:stripe_webhook", "alerts:unsubscribe")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "row", [row for row in MATRIX if row.post and not row.name.startswith(PROGRAMS)], ids=lambda row: row.name
)
def test_form_without_its_token_changes_nothing(row: Row, owner: User, address: Callable[[str], str]) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(owner)
    assert browser.post(address(row.name)).status_code == 403
