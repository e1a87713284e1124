"""Bodies of uploads and edits, and looking at what came back."""

import base64
import hashlib
import io
from typing import Any

from PIL import Image

from tests.sandbox.fixtures import Answer, Caller


def image_bytes(
    size: tuple[int, int] = (400, 300), color: str = "teal", file_format: str = "PNG", mode: str = "RGB"
) -> bytes:
    target = io.BytesIO()
    Image.new(mode, size, color).save(target, file_format)
    return target.getvalue()


def upload_body(content: bytes, mime_type: str = "image/png", **changes: Any) -> dict[str, Any]:
    """The seven fields as every client sends them."""
    return {
        "source_kind": "local_path",
        "filename": "picture.png",
        "remote_origin": None,
        "mime_type": mime_type,
        "content_length": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes_base64": base64.b64encode(content).decode(),
    } | changes


def uploaded(agent: Caller, content: bytes | None = None, mime_type: str = "image/png") -> str:
    """The id of a new asset."""
    body = upload_body(image_bytes() if content is None else content, mime_type)
    return str(agent.post("/v1/upload", body).data["asset"]["asset_id"])


def edit(agent: Caller, source: str, **changes: Any) -> Answer:
    """An edit by the cheapest model that takes a prompt."""
    body = {"input_asset_id": source, "prompt": "make it dusk", "model": "fal.z-image-turbo-edit"}
    return agent.post("/v1/edit", body | changes)


def opened(agent: Caller, asset: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(agent.http.get(asset["url"]).content))
