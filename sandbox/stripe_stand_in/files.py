"""Files that are handed in as evidence: what is kept of one is its size and digest (https://docs.stripe.com/api/files)."""

import hashlib
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils import timezone
from django.utils.http import urlencode

from sandbox.stripe_stand_in import form, store
from sandbox.stripe_stand_in.errors import required, wrong
from sandbox.stripe_stand_in.form import Params
from sandbox.stripe_stand_in.store import Object

KIND = "file"
_MOST_BYTES = 5_000_000
_TYPES = {b"%PDF": "pdf", b"\x89PNG": "png", b"\xff\xd8\xff": "jpg"}


def encoded(request: HttpRequest) -> str:
    """Return an upload as a form: its fields, and of the file name, size, type and digest."""
    sent = request.FILES.get("file")
    told = _facts(sent) if isinstance(sent, UploadedFile) else {}
    return urlencode({**{name: str(value) for name, value in request.POST.items()}, **told})


def create(params: Params) -> Object:
    """Keep a file for a purpose; an evidence file is a PDF, PNG or JPEG of 5 MB at most."""
    if not form.text(params, "file_name"):
        raise required("file")
    if form.text(params, "purpose") != "dispute_evidence":
        raise wrong("purpose", "Only dispute_evidence is taken here.")
    size = form.whole(params, "size", low=0) or 0
    if not form.text(params, "type") or not 0 < size <= _MOST_BYTES:
        raise wrong("file", "Only PDF, PNG and JPEG files of at most 5 MB are evidence.")
    made: Object = {
        "id": store.new_id(KIND),
        "object": KIND,
        "created": store.stamp(timezone.now()),
        "expires_at": None,
        "filename": form.text(params, "file_name"),
        "links": None,
        "purpose": "dispute_evidence",
        "size": size,
        "title": None,
        "type": form.text(params, "type"),
        "url": None,
    }
    store.add(made)
    return made


def _facts(sent: "UploadedFile[Any]") -> dict[str, str]:
    data = sent.read(_MOST_BYTES + 1)
    kind = next((name for start, name in _TYPES.items() if data.startswith(start)), "")
    digest = hashlib.sha256(data).hexdigest()
    return {"file_name": sent.name or "", "size": str(len(data)), "type": kind, "digest": digest}
