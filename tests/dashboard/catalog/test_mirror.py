"""The public catalogue is mirrored whole, without a token, and outlives trouble and delisting."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from dashboard.catalog.models import Capability, CatalogModel
from dashboard.catalog.selectors import capability_list, catalog_cursor, models_listed, models_of
from tests.dashboard.catalog.conftest import catalog_read

pytestmark = pytest.mark.django_db
Handler = Callable[[httpx.Request], httpx.Response]


def served(models: list[Any], capabilities: list[Any], seen: list[httpx.Request] | None = None) -> Handler:
    """Answer as a service whose catalogue holds these rows."""

    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        rows = {"capabilities": capabilities} if request.url.path == "/v1/capabilities" else {"models": models}
        if "catalog_only" in request.url.params:
            rows = {"models": []}
        return httpx.Response(200, json={"ok": True, "warnings": [], "trace_id": "trace_1", "data": rows})

    return answer


def test_sandbox_catalogue_is_mirrored_whole(catalog: None) -> None:
    flux = CatalogModel.objects.get(remote_id="fal.flux-dev")
    assert (flux.credits_required, flux.cost_micros, flux.is_cost_known) == (5, 25_000, True)
    assert (flux.operations, flux.provider, flux.is_runnable) == (["image.generate"], "fal", True)
    assert models_of([flux.capability_id, "", "is.unheard.of"]) == {flux.capability_id: flux}
    standings = {model.standing for model in models_listed()}
    assert {"runs", "listed"} <= standings <= {"runs", "listed", "unavailable"}
    assert {one.remote_id for one in capability_list()} == {model.capability_id for model in models_listed()}


def test_catalogue_is_asked_for_without_a_token(hosted_answers: Callable[[Handler], None]) -> None:
    seen: list[httpx.Request] = []
    hosted_answers(served([{"id": "a.b"}], [{"id": "is.a"}], seen))
    assert catalog_read()
    assert len(seen) == 3
    assert all("authorization" not in request.headers for request in seen)


def test_model_that_is_listed_no_more_keeps_its_name(hosted_answers: Callable[[Handler], None]) -> None:
    old = {"id": "a.old", "display_name": "Old", "capability": {"id": "is.old"}, "status": "available"}
    hosted_answers(served([old, {"id": "a.b"}], [{"id": "is.old"}, {"id": "is.b"}]))
    assert catalog_read()
    hosted_answers(served([{"id": "a.b"}], [{"id": "is.b"}]))
    assert catalog_read()
    assert [model.remote_id for model in models_listed()] == ["a.b"]
    gone = models_of(["is.old"])["is.old"]
    assert (gone.display_name, gone.standing) == ("Old", "gone")


def test_empty_answer_forgets_nothing(hosted_answers: Callable[[Handler], None]) -> None:
    hosted_answers(served([{"id": "a.b"}], [{"id": "is.b"}]))
    assert catalog_read()
    hosted_answers(served([], []))
    assert catalog_read()
    assert [model.remote_id for model in models_listed()] == ["a.b"]
    assert Capability.objects.get().is_listed


def test_trouble_leaves_the_catalogue_and_says_so(hosted_answers: Callable[[Handler], None]) -> None:
    hosted_answers(served([{"id": "a.b"}], []))
    assert catalog_read()
    hosted_answers(lambda _request: httpx.Response(502))
    assert not catalog_read()
    cursor = catalog_cursor()
    assert cursor is not None
    assert cursor.error_code
    assert len(models_listed()) == 1


def test_capability_of_several_models_names_none_of_them(hosted_answers: Callable[[Handler], None]) -> None:
    shared = {"capability": {"id": "is.shared"}}
    hosted_answers(served([{"id": "a.b", **shared}, {"id": "a.c", **shared}], []))
    assert catalog_read()
    assert models_of(["is.shared"]) == {}


def test_odd_rows_are_kept_as_far_as_they_can_be_read(hosted_answers: Callable[[Handler], None]) -> None:
    odd = {"id": "a.odd", "display_name": "n" * 3_000, "credits_required": "nine", "surprise": "s" * 40_000}
    hosted_answers(served(["broken", {"no": "id"}, odd], []))
    assert catalog_read()
    model = CatalogModel.objects.get()
    assert (len(model.name), model.credits_required) == (200, None)
    assert list(model.told) == ["cut"]
