"""The answer to a pressed export button whose file is made in the background; for the views of any app."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from dashboard.exports.models import Export
from dashboard.exports.services import ExportRefused, export_request
from dashboard.exports.tasks import export_make


def export_answer(request: HttpRequest, **wanted: Any) -> HttpResponse:  # noqa: ANN401 - those of export_request
    """Ask for a file and lead to its page; what is refused leads to the person's exports, with the reason."""
    try:
        export = export_request(**wanted)
    except ExportRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("exports:export_list")
    export_wake(export)
    return redirect("exports:export_detail", export.key)


def export_wake(export: Export) -> None:
    """Have the file made now; where the queue is away, the next sweep does."""
    transaction.on_commit(lambda: export_make.delay(export.pk), robust=True)
