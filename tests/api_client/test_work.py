import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from api_client import ConnectFailed, ContractError, InvalidRequest, NotFound, QuotaExceeded, ServiceFailed
from tests.api_client.playing import Clock, Service, client_of, ok, raw, refused

ASSET = {
    "asset_id": "image_1",
    "job_id": "job_1",
    "url": "https://media.test/a/image_1.png",
    "path": "https://media.test/a/image_1.png",
    "mime_type": "image/png",
    "content_length": 1234,
    "width": 1024,
    "height": 768,
    "source": "hosted_metadata",
}
COST = b'{"estimated_usd": 0.066, "credit_pricing": {"credits_required": 11, "estimated_provider_cost_usd": 0.066}}'
CREATED = {
    "job_id": "job_1",
    "trace_id": "trace_job",
    "asset_ids": ["image_1"],
    "capability": {"id": "is.image.generate.x.v1"},
    "assets": [ASSET],
    "safety": {"status": "allowed"},
    "quota": {"consumed_credits": 11, "top_up": {"available": True}},
    "request": {"output_count": 1},
}


def test_create_sends_the_flags_always_and_the_rest_when_given() -> None:
    service = Service(ok(CREATED))
    with client_of(service) as client:
        client.work.create(prompt="a fox", idempotency_key="k1")
    assert service.sent == {
        "prompt": "a fox",
        "idempotency_key": "k1",
        "dry_run": False,
        "accept_unknown_cost": False,
        "aspect_ratio": "1:1",
    }


def test_create_sends_the_budget_as_the_exact_decimal() -> None:
    service = Service(ok(CREATED))
    with client_of(service) as client:
        client.work.create(
            prompt="a fox",
            idempotency_key="k1",
            max_estimated_usd_micros_per_image=70_000,
            model_parameters={"seed": 7},
            references=[{"asset_id": "image_0", "role": "reference_image", "index": 0}],
            output_count=2,
            model="fal.flux-dev",
        )
    assert b'"max_estimated_usd_per_image": 0.07,' in service.request.content
    assert service.sent["model_parameters"] == {"seed": 7}
    assert service.sent["references"][0]["asset_id"] == "image_0"


def test_a_misspelt_option_never_travels() -> None:
    service = Service(ok(CREATED))
    with client_of(service) as client, pytest.raises(TypeError, match="modell"):
        client.work.create(prompt="a fox", idempotency_key="k1", modell="fal.flux-dev")  # type: ignore[call-arg]
    assert service.requests == []


def test_create_reads_what_was_made_and_what_it_took() -> None:
    with client_of(Service(ok(CREATED))) as client:
        made = client.work.create(prompt="a fox", idempotency_key="k1")
    assert (made.job_id, made.trace_id, made.asset_ids) == ("job_1", "trace_job", ("image_1",))
    assert (made.capability_id, made.safety_status, made.consumed_credits) == (
        "is.image.generate.x.v1",
        "allowed",
        11,
    )
    assert made.assets[0].width == 1024
    assert made.top_up == {"available": True}


def test_a_cost_is_read_without_a_float() -> None:
    body = b'{"ok": true, "data": {"job_id": "job_1", "cost": %s}}' % COST
    with client_of(Service(raw(body))) as client:
        cost = client.work.create(prompt="a fox", idempotency_key="k1").cost
    assert cost is not None
    assert cost.estimated_usd_micros == 66_000
    assert cost.credit_pricing is not None
    assert (cost.credit_pricing.credits_required, cost.credit_pricing.estimated_provider_cost_usd_micros) == (
        11,
        66_000,
    )


def test_a_dry_run_works_without_a_token() -> None:
    data = {"job_id": "job_2", "status": "planned", "quota": {"consumed_credits": 0, "credits_required": 9}}
    service = Service(ok(data, actor=None))
    with client_of(service, token=None) as client:
        planned = client.work.create(prompt="a fox", idempotency_key="k1", dry_run=True)
    assert "authorization" not in service.request.headers
    assert service.sent["dry_run"] is True
    assert (planned.consumed_credits, planned.credits_required, planned.assets) == (0, 9, ())


@pytest.mark.parametrize("data", [{"job_id": None, "status": "planned"}, {"status": "planned"}, {}])
def test_a_dry_run_may_leave_no_job(data: dict[str, Any]) -> None:
    with client_of(Service(ok(data, actor=None)), token=None) as client:
        assert client.work.create(prompt="a fox", idempotency_key="k1", dry_run=True).job_id is None


def test_a_result_without_a_job_is_a_contract_error_that_may_have_started() -> None:
    with client_of(Service(ok({"assets": []}))) as client, pytest.raises(ContractError) as caught:
        client.work.create(prompt="a fox", idempotency_key="k1")
    assert caught.value.may_have_started


@pytest.mark.parametrize("code", ["QUOTA_EXCEEDED", "DAILY_JOB_CAP_REACHED"])
def test_an_empty_quota_says_how_to_go_on(code: str) -> None:
    answer = refused(code, status=402, recovery={"top_up": {"available": True}, "suggested_commands": ["a", "b"]})
    with client_of(Service(answer)) as client, pytest.raises(QuotaExceeded) as caught:
        client.work.create(prompt="a fox", idempotency_key="k1")
    assert caught.value.recovery is not None
    assert caught.value.recovery.top_up == {"available": True}
    assert caught.value.recovery.suggested_commands == ("a", "b")
    assert not caught.value.may_have_started


def test_an_unconfirmed_cost_names_the_flag() -> None:
    answer = refused("BUDGET_REQUIRES_CONFIRMATION", status=402, recovery={"required_flag": "--accept-unknown-cost"})
    with client_of(Service(answer)) as client, pytest.raises(InvalidRequest) as caught:
        client.work.create(prompt="a fox", idempotency_key="k1")
    assert caught.value.recovery is not None
    assert caught.value.recovery.required_flag == "--accept-unknown-cost"


def test_a_provider_failure_may_have_started_and_is_not_repeated() -> None:
    service = Service(refused("PROVIDER_FAILURE", status=502, retryable=True))
    with client_of(service) as client, pytest.raises(ServiceFailed) as caught:
        client.work.create(prompt="a fox", idempotency_key="k1")
    assert caught.value.retryable
    assert caught.value.may_have_started
    assert len(service.requests) == 1


def test_edit_sends_its_own_fields() -> None:
    service = Service(ok(CREATED))
    with client_of(service) as client:
        client.work.edit(
            input_asset_id="image_0", prompt="bluer", mask_asset_id="mask_1", idempotency_key="k2", dry_run=True
        )
    assert service.request.url.path == "/v1/edit"
    assert service.sent == {
        "input_asset_id": "image_0",
        "prompt": "bluer",
        "mask_asset_id": "mask_1",
        "idempotency_key": "k2",
        "dry_run": True,
        "accept_unknown_cost": False,
        "aspect_ratio": "auto",
    }


def test_a_model_without_prompts_gets_none() -> None:
    service = Service(ok(CREATED))
    with client_of(service) as client:
        client.work.edit(input_asset_id="image_0", idempotency_key="k2", model="fal.flux-redux")
    assert "prompt" not in service.sent


def test_upload_sends_exactly_the_seven_fields() -> None:
    data = {"asset": {**ASSET, "kind": "uploaded"}, "upload": {"bytes": 5, "mime_type": "image/png", "sha256": "aa"}}
    service = Service(ok(data))
    with client_of(service) as client:
        upload = client.work.upload(filename="fox.png", mime_type="image/png", content=b"bytes")
    assert service.sent == {
        "source_kind": "local_path",
        "filename": "fox.png",
        "remote_origin": None,
        "mime_type": "image/png",
        "content_length": 5,
        "sha256": hashlib.sha256(b"bytes").hexdigest(),
        "bytes_base64": base64.b64encode(b"bytes").decode(),
    }
    assert (upload.asset.asset_id, upload.asset.kind, upload.size_bytes) == ("image_1", "uploaded", 5)


def test_an_upload_has_no_key_and_is_never_repeated() -> None:
    service = Service(refused("RATE_LIMITED", status=429, retryable=True))
    with client_of(service) as client, pytest.raises(Exception, match="RATE_LIMITED"):
        client.work.upload(filename="fox.png", mime_type="image/png", content=b"bytes")
    assert len(service.requests) == 1


@pytest.mark.parametrize("path", ["create", "edit", "upload"])
def test_work_may_stay_silent_longer_than_a_read(path: str) -> None:
    service = Service(ok({**CREATED, "asset": ASSET}), ok(CREATED))
    with client_of(service) as client:
        if path == "upload":
            client.work.upload(filename="f", mime_type="image/png", content=b"")
        elif path == "edit":
            client.work.edit(input_asset_id="image_0", idempotency_key="k")
        else:
            client.work.create(prompt="a fox", idempotency_key="k")
    assert service.request.extensions["timeout"] == {"connect": 3.0, "read": 120.0, "write": 120.0, "pool": 3.0}


def test_a_keyed_write_is_repeated_with_the_same_key_where_nothing_was_sent() -> None:

    service = Service(httpx.ConnectError("refused"), ok(CREATED))
    with client_of(service) as client:
        client.work.create(prompt="a fox", idempotency_key="k1")
    first, second = service.requests
    assert first.content == second.content
    assert b'"idempotency_key": "k1"' in first.content


JOB = {
    "job_id": "job_1",
    "status": "failed",
    "operation": "edit",
    "trace_id": "trace_job",
    "created_at": "2026-06-01T10:00:00Z",
    "updated_at": "2026-06-01T10:00:09.250Z",
    "completed_at": "2026-06-01T10:00:09.250Z",
    "capability": {"id": "is.image.edit.x.v1"},
    "cost": {"estimated_usd": 0.02, "credits": 4, "provider_reported_usd_ticks": None},
    "safety": {"status": "allowed"},
    "inputs": [{"asset_id": "image_0", "role": "input"}],
    "request": {"output_count": 1},
    "assets": [ASSET, {"url": "no id"}],
    "failure": {"code": "PROVIDER_FAILURE", "message": "It broke.", "retryable": True},
}


def test_a_job_reads_whole_and_loses_only_what_is_broken() -> None:
    service = Service(ok({"status": "failed", "job": JOB}))
    with client_of(service) as client:
        job = client.jobs.get("job_1")
    assert service.request.url.path == "/v1/jobs/job_1"
    assert (job.job_id, job.status, job.operation, job.trace_id) == ("job_1", "failed", "edit", "trace_job")
    assert job.completed_at == datetime(2026, 6, 1, 10, 0, 9, 250_000, tzinfo=UTC)
    assert job.cost is not None
    assert (job.cost.estimated_usd_micros, job.cost.credits) == (20_000, 4)
    assert job.inputs[0].asset_id == "image_0"
    assert [asset.asset_id for asset in job.assets] == ["image_1"]
    assert job.extra["malformed_assets"] == [{"url": "no id"}]
    assert job.failure is not None
    assert job.failure.code == "PROVIDER_FAILURE"
    assert (job.capability_id, job.safety_status) == ("is.image.edit.x.v1", "allowed")


def test_a_planned_job_has_its_receipt() -> None:
    job = {"job_id": "job_2", "status": "planned", "plan_receipt": {"credits": 9}, "assets": None}
    with client_of(Service(ok({"job": job}))) as client:
        planned = client.jobs.get("job_2")
    assert planned.plan_receipt == {"credits": 9}
    assert planned.assets == ()
    assert planned.drift == ()


@pytest.mark.parametrize("job", [None, [], {}, {"job_id": "job_1"}, {"job_id": "job_1", "status": 3}])
def test_a_job_without_id_and_status_is_a_contract_error(job: object) -> None:
    with client_of(Service(ok({"job": job}))) as client, pytest.raises(ContractError, match=r"data\.job"):
        client.jobs.get("job_1")


def test_an_unknown_job_is_not_found() -> None:
    with client_of(Service(refused("JOB_NOT_FOUND", status=404))) as client, pytest.raises(NotFound):
        client.jobs.get("job_9")


@pytest.mark.parametrize("job_id", ["", ".", "..", "j" * 201, "\ud800"])
def test_an_id_that_would_lead_elsewhere_is_never_sent(job_id: str) -> None:
    service = Service(ok({}))
    with client_of(service) as client, pytest.raises(ValueError, match=r"id|surrogate"):
        client.jobs.get(job_id)
    assert service.requests == []


def test_waiting_for_a_connection_gives_up_with_a_plain_error() -> None:

    clock = Clock()
    service = Service(httpx.ConnectError("refused"))
    with client_of(service, clock) as client, pytest.raises(ConnectFailed) as caught:
        client.jobs.get("job_1")
    assert len(service.requests) == 4
    assert not caught.value.may_have_started
