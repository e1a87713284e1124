"""The embedded provider: makes what an order asks for, or plays what a prompt or a setting asks it to play (INF)."""

import hashlib
import secrets
import time

from django.conf import settings

from sandbox import media
from sandbox.errors import ApiError
from sandbox.renderer import Artifact, Spec, render
from sandbox.renderer.darkroom import develop
from sandbox.renderer.film import shoot
from sandbox.renderer.solid import relief
from sandbox.renderer.sound import play
from sandbox.rules.order import CANCELED_MARK, PROVIDER_FAILURE_MARK, RUNNING_MARK, Order


class Withdrawn(Exception):
    """The provider took the work back: no result, no failure."""


class StillRunning(Exception):
    """The provider has not answered, and never will."""


def draw(order: Order) -> list[Artifact]:
    """One result an output, each another variation. Raises PROVIDER_FAILURE, Withdrawn, StillRunning, OSError."""
    time.sleep(settings.SANDBOX_LATENCY_MS / 1000)
    if PROVIDER_FAILURE_MARK in order.prompt or secrets.randbelow(100) < settings.SANDBOX_FAILURE_PERCENT:
        raise ApiError("PROVIDER_FAILURE", "The provider failed.")
    if CANCELED_MARK in order.prompt:
        raise Withdrawn
    if RUNNING_MARK in order.prompt:
        raise StillRunning
    # Read once for all outputs; the files are never changed.
    sources = [media.read(source) for source in order.sources("input")]
    masks = [media.read(source) for source in order.sources("mask")]
    guides = tuple(media.read(source) for source in order.references)
    return [_make(order, spec_of(order, index), sources, masks, guides) for index in range(order.outputs)]


def _make(order: Order, spec: Spec, sources: list[bytes], masks: list[bytes], guides: tuple[bytes, ...]) -> Artifact:
    if order.model.modality == "video":
        return shoot(spec)
    if order.model.modality == "audio":
        return play(spec)
    if order.model.modality == "3d":
        return relief(spec, sources[0])
    if order.operation == "edit":
        return develop(spec, sources[0], masks[0] if masks else None, guides)
    return render(spec, guides)


def spec_of(order: Order, index: int) -> Spec:
    """What the renderer needs to know; of the prompt it gets a digest alone."""
    parameters = order.parameters
    spec = Spec(
        model_id=order.model.id,
        prompt_digest=hashlib.sha256(order.prompt.encode()).hexdigest(),
        seed=parameters.get("seed") or 0,
        index=index,
        file_format=parameters.get("output_format", "png"),
        quality=parameters.get("output_compression", 90),
        is_transparent=parameters.get("background") == "transparent",
    )
    return spec.sized(order.size.width, order.size.height) if order.size else spec
