"""The embedded provider: turns an order into pictures, or plays a failure that a prompt asks for (INF)."""

import hashlib

from sandbox.errors import ApiError
from sandbox.renderer import Picture, Spec, render
from sandbox.rules.order import PROVIDER_FAILURE_MARK, Order


def draw(order: Order) -> list[Picture]:
    """One picture an output, each another variation. Raises PROVIDER_FAILURE."""
    if PROVIDER_FAILURE_MARK in order.prompt:
        raise ApiError("PROVIDER_FAILURE", "The provider failed.")
    return [render(spec_of(order, index)) for index in range(order.outputs)]


def spec_of(order: Order, index: int) -> Spec:
    """What the renderer needs to know; of the prompt it gets a digest alone."""
    parameters = order.parameters
    return Spec(
        model_id=order.model.id,
        prompt_digest=hashlib.sha256(order.prompt.encode()).hexdigest(),
        seed=parameters.get("seed") or 0,
        index=index,
        width=order.size.width,
        height=order.size.height,
        file_format=parameters.get("output_format", "png"),
        quality=parameters.get("output_compression", 90),
        is_transparent=parameters.get("background") == "transparent",
    )
