"""Uploads: bytes that an agent brings, checked before anything is kept (contract 2.18)."""

import base64
import binascii
import hashlib
import io
import logging
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from PIL import Image, ImageOps

from sandbox import assets, book, job_events, ledger, media
from sandbox.errors import ApiError, invalid
from sandbox.ids import new_id
from sandbox.models import Agent, Asset, Job
from sandbox.models.work import JobStatus
from sandbox.renderer import Artifact
from sandbox.rules import fields, grants
from sandbox.rules.idempotency import terms_digest

CAPABILITY_ID = "is.asset.upload.v1"
MAX_BYTES = 10 * 1024 * 1024
# What a picture of these bytes may grow to in memory: 50 megapixels are 150 MB.
MAX_PIXELS = 50_000_000
EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/avif": "avif",
}
# A camera's JPEG with a preview inside calls itself MPO.
_CODECS = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
}
_KINDS = ("local_path", "remote_url")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parcel:
    """An upload that passed every check. `filename` is a base name, `remote_origin` an origin or None."""

    source_kind: str
    filename: str
    remote_origin: str | None
    sha256: str
    artifact: Artifact

    def request(self) -> dict[str, str | None]:
        """What the answer repeats; it is not kept, since a file's name is the caller's affair."""
        return {"source_kind": self.source_kind, "filename": self.filename, "remote_origin": self.remote_origin}


def read_parcel(body: fields.Body) -> Parcel:
    """All seven fields. Raises INVALID_ARGUMENTS, INPUT_POLICY_DENIED, PAYLOAD_TOO_LARGE."""
    source_kind = fields.required_text(body, "source_kind")
    if source_kind not in _KINDS:
        raise invalid(f"source_kind must be one of {', '.join(_KINDS)}.")
    filename = _base_name(fields.required_text(body, "filename", limit=4096))
    origin = _origin(fields.text(body, "remote_origin", limit=4096)) if source_kind == "remote_url" else None
    # A remote server's header may carry more than the type, such as a character set.
    mime_type = fields.required_text(body, "mime_type").partition(";")[0].strip().lower()
    if mime_type not in EXTENSIONS:
        raise ApiError(
            "INPUT_POLICY_DENIED",
            "Only PNG, JPEG, WebP, GIF and AVIF images can be uploaded.",
            recovery={"accepted_mime_types": list(EXTENSIONS)},
        )
    content = _content(body)
    digest = hashlib.sha256(content).hexdigest()
    if fields.required_text(body, "sha256").lower() != digest:
        raise invalid("sha256 is not that of the bytes.")
    width, height = _looked_at(content, mime_type)
    artifact = Artifact(content, mime_type, EXTENSIONS[mime_type], width, height)
    return Parcel(source_kind, filename, origin, digest, artifact)


def upload(agent: Agent, parcel: Parcel, trace_id: str) -> Asset:
    """A new asset with a job of its own, also for bytes that were uploaded before. It costs nothing.

    Raises CAPABILITY_DENIED, ARTIFACT_STORAGE_WRITE_FAILED.
    """
    lacking = grants.missing(grants.grants_of(agent.claim_state, agent.granted), [grants.UPLOAD])
    if lacking:
        raise ApiError("CAPABILITY_DENIED", "This agent lacks a grant.", recovery={"grants_required": lacking})
    now = timezone.now()
    job = Job(
        id=new_id("job"),
        agent=agent,
        operation="upload",
        status=JobStatus.COMPLETED,
        trace_id=trace_id,
        usage_event_id=new_id("usage"),
        model_id="",
        capability_id=CAPABILITY_ID,
        terms=terms_digest(settings.SECRET_KEY, {"sha256": parcel.sha256}),
        credits=0,
        provider_cost_micros=0,
        is_cost_known=True,
        pricing_source="model_registry",
        request={"output_count": 1},
        created_at=now,
        updated_at=now,
        completed_at=now,
    )
    asset = assets.new_asset(job, parcel.artifact, now, kind=assets.UPLOADED)
    # Bytes first, as for every asset: a row without its file would be a broken promise.
    try:
        media.store(asset, parcel.artifact.content)
    except OSError as error:
        logger.exception("an upload could not be stored, %s", trace_id)
        media.discard([asset])
        raise ApiError("ARTIFACT_STORAGE_WRITE_FAILED", "The upload could not be stored.") from error
    with transaction.atomic():
        book.lock(agent)
        job.save(force_insert=True)
        asset.save(force_insert=True)
        ledger.record(agent, job_events.uploaded(job, asset, now))
    return asset


def _base_name(text: str) -> str:
    """Whatever system the caller's path comes from."""
    name = text.replace("\\", "/").rstrip("/").rpartition("/")[2]
    if not name or name in {".", ".."}:
        raise invalid("filename must name a file.")
    return name[-200:]


def _origin(text: str) -> str | None:
    """Scheme, host and port alone: a path or a user name may be a secret."""
    if not text:
        return None
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise invalid("remote_origin must be an http or https origin.") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise invalid("remote_origin must be an http or https origin.")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{f':{port}' if port else ''}"


def _content(body: fields.Body) -> bytes:
    length = fields.whole(body, "content_length", low=1, high=2**53)
    text = body.get("bytes_base64")
    if length is None or not isinstance(text, str):
        raise invalid("content_length and bytes_base64 are required.")
    # Judged by the text before it is decoded: three bytes take four characters.
    if length > MAX_BYTES or len(text) * 3 // 4 > MAX_BYTES + 2:
        raise ApiError("PAYLOAD_TOO_LARGE", f"An upload may have at most {MAX_BYTES} bytes.")
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid("bytes_base64 must be base64.") from error
    if len(content) != length:
        raise invalid("content_length is not that of the bytes.")
    return content


def _looked_at(content: bytes, mime_type: str) -> tuple[int, int]:
    """Width and height as a viewer shows it. Raises INPUT_POLICY_DENIED where the bytes are not what they claim."""
    try:
        with Image.open(io.BytesIO(content), formats=["PNG", "JPEG", "WEBP", "GIF", "AVIF"]) as image:
            # Before it is decoded: a few bytes can claim to be gigabytes of pixels.
            is_as_declared = _CODECS.get(image.format or "") == mime_type
            if is_as_declared and image.width * image.height <= MAX_PIXELS:
                image.load()
                return ImageOps.exif_transpose(image).size
    except Exception as error:  # noqa: BLE001 - decoders raise whatever a broken file leads them to
        logger.debug("an upload could not be decoded: %s", type(error).__name__)
    raise ApiError("INPUT_POLICY_DENIED", "The bytes are not a readable image of the declared type.")
