"""What the client offers and this half of the sandbox does not serve: a clear "not found", with nothing taken.

Edit and upload are the next issue's; it turns each of these into the real thing.
"""

from collections.abc import Callable
from typing import Any

import pytest

from api_client import Client, Conflict, NotFound
from tests.contract.playing import PROMPT, Agent

CALLS: dict[str, Callable[[Client], Any]] = {
    "edit": lambda client: client.work.edit(input_asset_id="image_1", idempotency_key="k", prompt=PROMPT),
    "upload": lambda client: client.work.upload(filename="a.png", mime_type="image/png", content=b"x"),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_endpoint_is_not_found_until_it_is_served(agent: Agent, name: str) -> None:
    with pytest.raises(NotFound) as caught:
        CALLS[name](agent.client)
    error = caught.value
    assert (error.code, error.http_status, error.retryable) == ("NOT_FOUND", 404, False)
    assert not error.may_have_started
    assert error.trace_id is not None
    quota = agent.client.quota.get()
    assert quota.daily_jobs is not None
    assert (quota.remaining_credits, quota.daily_jobs.used) == (40, 0)


@pytest.mark.parametrize("modality", ["video", "audio", "3d"])
def test_other_media_are_listed_and_do_not_run_until_they_are_drawn(agent: Agent, modality: str) -> None:
    (model, *_) = agent.client.catalog.models(modality=modality).models
    assert not model.is_runnable
    with pytest.raises(Conflict) as caught:
        agent.create("k1", model=model.id, model_parameters=None)
    assert caught.value.code == "MODEL_NOT_EXECUTABLE"
