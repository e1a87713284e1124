"""Making things: create, edit, upload (contract 2.17 to 2.19). All three are answered only when the work is done."""

import base64
import hashlib
from collections.abc import Sequence
from typing import TypedDict, Unpack

from api_client.records.base import JsonObject
from api_client.records.wire import MICROS
from api_client.records.work import CreateResult, LiveResult, Upload
from api_client.resources.base import Resource, checked_key, given
from api_client.retry import Repeat
from api_client.transport import Call


class WorkOptions(TypedDict, total=False):
    """What create and edit both take. A field that is left out is not sent, but for the two flags, which are False.

    `references` are `{asset_id, role, index, ...}`. `max_estimated_usd_micros_per_image` guards the debit of one
    image, in micro-dollars. `accept_unknown_cost` lets a model run whose price nobody knows.
    """

    dry_run: bool
    accept_unknown_cost: bool
    provider: str | None
    model: str | None
    intent: str | None
    references: Sequence[JsonObject]
    max_estimated_usd_micros_per_image: int | None
    model_parameters: JsonObject | None


class Work(Resource):
    """Live work spends credits. After an unclear failure read the job or the activity first (contract 4.7).

    The key makes a repeat safe: the same one replays the original job, with one reservation and one charge (4.8).
    """

    def create(
        self,
        *,
        prompt: str,
        idempotency_key: str,
        output_count: int | None = None,
        aspect_ratio: str = "1:1",
        **options: Unpack[WorkOptions],
    ) -> CreateResult:
        """POST /v1/create. A dry run answers what the work would cost, and works without a token too."""
        body = given(prompt=prompt, output_count=output_count, aspect_ratio=aspect_ratio, **_fields(**options))
        return self._result("/v1/create", idempotency_key, body)

    def edit(
        self,
        *,
        input_asset_id: str,
        idempotency_key: str,
        prompt: str | None = None,
        mask_asset_id: str | None = None,
        aspect_ratio: str = "auto",
        **options: Unpack[WorkOptions],
    ) -> CreateResult:
        """POST /v1/edit on an owned asset. Some models take no prompt. Services before 0.1.70 ignore `dry_run`."""
        body = given(
            input_asset_id=input_asset_id,
            prompt=prompt,
            mask_asset_id=mask_asset_id,
            aspect_ratio=aspect_ratio,
            **_fields(**options),
        )
        return self._result("/v1/edit", idempotency_key, body)

    def upload(
        self,
        *,
        filename: str,
        mime_type: str,
        content: bytes,
        source_kind: str = "local_path",
        remote_origin: str | None = None,
    ) -> Upload:
        """POST /v1/upload. The contract gives it no key, so it is never repeated: the same bytes make a new asset."""
        body: JsonObject = {
            "source_kind": source_kind,
            "filename": filename,
            "remote_origin": remote_origin,
            "mime_type": mime_type,
            "content_length": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes_base64": base64.b64encode(content).decode("ascii"),
        }
        return self._record(Upload, Call("POST", "/v1/upload", body=body, is_work=True))

    def _result(self, path: str, idempotency_key: str, body: JsonObject) -> CreateResult:
        keyed = {**body, "idempotency_key": checked_key(idempotency_key)}
        kind = CreateResult if body["dry_run"] else LiveResult
        return self._record(kind, Call("POST", path, body=keyed, repeat=Repeat.KEYED, is_work=True))


# Spelled out once more, so that a misspelt option is a TypeError and never travels.
def _fields(
    *,
    dry_run: bool = False,
    accept_unknown_cost: bool = False,
    provider: str | None = None,
    model: str | None = None,
    intent: str | None = None,
    references: Sequence[JsonObject] = (),
    max_estimated_usd_micros_per_image: int | None = None,
    model_parameters: JsonObject | None = None,
) -> JsonObject:
    return given(
        dry_run=dry_run,
        accept_unknown_cost=accept_unknown_cost,
        provider=provider,
        model=model,
        intent=intent,
        references=list(references) or None,
        max_estimated_usd_per_image=_dollars(max_estimated_usd_micros_per_image),
        model_parameters=model_parameters,
    )


def _dollars(micros: int | None) -> float | None:
    # JSON has no other number with a point. The shortest repr of the nearest double is the exact decimal up to
    # 15 digits, and nothing is computed with it.
    return None if micros is None else micros / MICROS
