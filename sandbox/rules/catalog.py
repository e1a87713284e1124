"""The model registry, read from models.json: what there is, what runs here, and what it costs."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from sandbox.renderer import film
from sandbox.rules import references
from sandbox.rules.grants import EDIT, PREVIEW
from sandbox.rules.parameters import SEED, Schema, schema_for
from sandbox.rules.pricing import Price
from sandbox.rules.sizes import Size, exactly, size_of

RATIOS = ("1:1", "4:3", "3:4", "3:2", "2:3", "4:5", "5:4", "16:9", "9:16", "21:9")
OPENAI_RATIOS = ("1:1", "3:2", "2:3")
ALIASES = {
    "nano-banana": "fal.nano-banana-2",
    "nano-banana-edit": "fal.nano-banana-2-edit",
    "nano-banana-pro": "fal.nano-banana-pro",
    "nano-banana-pro-edit": "fal.nano-banana-pro-edit",
    "imagen4": "fal.imagen4-preview",
    "imagen4-fast": "fal.imagen4-preview-fast",
    "imagen4-ultra": "fal.imagen4-preview-ultra",
}
_SUPPORTS = {"image.edit": "edit", "image.variation": "variation", "3d.generate": "edit"}
# What each source image of an edit adds to its provider's cost in USD (contract 3.12).
_SURCHARGE = {
    "xai.grok-imagine-image": Decimal("0.002"),
    "xai.grok-imagine-image-quality": Decimal("0.01"),
}
# Prices that one parameter moves: model, parameter, value -> USD per output.
_DEARER = {
    ("xai.grok-imagine-image-quality", "resolution", "2k"): Decimal("0.07"),
    ("fal.gemini-3-pro-image-preview", "resolution", "4K"): Decimal("0.30"),
    ("fal.gemini-3-pro-image-preview-edit", "resolution", "4K"): Decimal("0.30"),
    ("fal.nano-banana-pro", "resolution", "4K"): Decimal("0.30"),
    ("fal.nano-banana-pro-edit", "resolution", "4K"): Decimal("0.30"),
}
# Our estimate of output tokens by quality, square and oblong (INF).
_OPENAI = {
    "low": (Decimal("0.011"), Decimal("0.016")),
    "medium": (Decimal("0.042"), Decimal("0.063")),
    "high": (Decimal("0.167"), Decimal("0.25")),
}
_MEGAPIXEL = Decimal(1_000_000)


@dataclass(frozen=True)
class Model:
    """One row of the registry. `cost` is None where it is estimated from quality and size."""

    id: str
    modality: str
    operations: tuple[str, ...]
    cost: Decimal | None
    is_priced_per_megapixel: bool
    is_cost_known: bool
    is_default: bool
    is_catalogue_only: bool
    is_promptless: bool
    takes_mask: bool
    reference_words: str
    max_outputs: int
    schemas: Mapping[str, Schema]

    @property
    def provider_id(self) -> str:
        """`fal`, `xai` or `openai`."""
        return self.id.split(".", 1)[0]

    @property
    def operation(self) -> str:
        """What it does first of all; its capability is named after it."""
        return self.operations[0]

    @property
    def capability_id(self) -> str:
        """`is.image.generate.fal-flux-dev.v1` (contract 3.13)."""
        return f"is.{self.operation}.{self.id.replace('.', '-')}.v1"

    @property
    def supports(self) -> tuple[str, ...]:
        """Of `create`, `edit` and `variation`."""
        return tuple(_SUPPORTS.get(operation, "create") for operation in self.operations)

    def can(self, operation: str) -> bool:
        """Whether `create` or `edit` takes it; a variation is an edit without a prompt."""
        return operation in self.supports or (operation == "edit" and "variation" in self.supports)

    @property
    def is_runnable(self) -> bool:
        """Everything but the catalogue's own rows, and but videos where no encoder is installed."""
        return not self.is_catalogue_only and (self.modality != "video" or film.HAS_ENCODER)

    @property
    def availability_reason(self) -> str | None:
        """Why it does not run, in a sentence."""
        if self.is_runnable:
            return None
        if self.is_catalogue_only:
            return "Listed in the catalogue only; the service does not run it."
        return "No video encoder is installed here; the extra sandbox-video brings one."

    def reference_rule(self, operation: str) -> references.Rule | None:
        """What references it takes in a create or in an edit."""
        return references.rule_for(self.reference_words, operation)

    def grants_for(self, operation: str) -> tuple[str, ...]:
        """Creates need the preview grant; edits and the like their own."""
        return (PREVIEW,) if operation == "create" else (EDIT,)

    @cached_property
    def display_name(self) -> str:
        """`fal.bytedance-seedream-v4-5-edit` -> `Bytedance Seedream 4.5 Edit`."""
        name = self.id.split(".", 1)[1].removesuffix("-text-to-image").replace("-", " ")
        name = re.sub(r"\bv(\d) (\d)\b", r"\1.\2", name)
        name = re.sub(r"\bv(\d)\b", r"\1", name)
        capitals = {"gpt": "GPT", "ltx": "LTX", "3d": "3D", "13b": "13B", "o3": "O3", "25": "2.5", "z": "Z"}
        return " ".join(capitals.get(word, word.capitalize()) for word in name.split())

    @property
    def ratios(self) -> tuple[str, ...]:
        """Aspect ratios, empty where there is no picture."""
        if self.modality == "video":
            return ("16:9",)
        if self.modality != "image":
            return ()
        return OPENAI_RATIOS if self.provider_id == "openai" else RATIOS

    @property
    def has_transparency(self) -> bool:
        """Whether `background: transparent` is on offer."""
        return "background" in self.schemas

    @property
    def max_resolution(self) -> str:
        """The largest resolution class on offer."""
        words = json.dumps([schema.describe() for schema in self.schemas.values()]).lower()
        return next((size for size in ("4k", "3k", "2k") if f'{size}"' in words), "1k")

    @property
    def grants_required(self) -> tuple[str, ...]:
        """Create needs the preview grant; edits and the like their own."""
        return self.grants_for("create" if self.can("create") else "edit")

    def size(self, parameters: Mapping[str, Any], aspect_ratio: str) -> Size | None:
        """What these clean parameters and this ratio mean; None where the result is no picture."""
        if self.modality == "video":
            return exactly(film.WIDTH, film.HEIGHT)
        if self.modality != "image":
            return None
        return size_of(parameters, aspect_ratio, is_openai=self.provider_id == "openai")

    def price(self, parameters: Mapping[str, Any], width: int, height: int, *, source_images: int = 0) -> Price:
        """One output of this size with these clean parameters, from so many pictures."""
        price = self._base_price(parameters, width, height)
        surcharge = _SURCHARGE.get(self.id, Decimal(0)) * source_images
        return replace(price, provider_usd=price.provider_usd + surcharge) if surcharge else price

    def _base_price(self, parameters: Mapping[str, Any], width: int, height: int) -> Price:
        if self.is_priced_per_megapixel and self.cost is not None:
            is_known = self.is_cost_known and parameters.get("image_size") != "auto"
            return Price(self.cost * width * height / _MEGAPIXEL, is_known, "model_parameters")
        for (model_id, name, value), cost in _DEARER.items():
            if model_id == self.id and parameters.get(name) == value:
                return Price(cost, self.is_cost_known, "model_parameters")
        if self.cost is not None:
            return Price(self.cost, self.is_cost_known)
        quality = str(parameters.get("quality", "medium"))
        square, oblong = _OPENAI.get(quality, _OPENAI["medium"])
        # With `auto` the provider picks quality or size itself, so nobody knows the cost before the run.
        is_known = self.is_cost_known and "auto" not in {quality, parameters.get("size")}
        return Price(square if width == height else oblong, is_known, "model_parameters")


def load(path: Path) -> dict[str, Model]:
    """All rows by id, in the file's order."""
    rows = {row["id"]: row for row in json.loads(path.read_text())["models"]}
    return {model_id: _model(row, rows) for model_id, row in rows.items()}


def _model(row: dict[str, Any], rows: Mapping[str, dict[str, Any]]) -> Model:
    stated = row.get("parameters", {})
    if stated.get("image_size") == "as create":
        stated = rows[row["id"].replace("-edit", "-text-to-image")]["parameters"]
    schemas = {name: schema_for(name, words) for name, words in stated.items()}
    cost = row["provider_cost_usd"]
    # The file names a seed for some models only; all that draw take one (contract 11).
    if "image.generate" in row["operations"] and row.get("executable"):
        schemas.setdefault("seed", SEED)
    return Model(
        id=row["id"],
        modality=row["modality"],
        operations=tuple(row["operations"]),
        cost=Decimal(cost.split()[0]) if cost else None,
        is_priced_per_megapixel=bool(cost) and cost.endswith("per megapixel"),
        is_cost_known=row.get("cost_known", True),
        is_default=row.get("default", False),
        is_catalogue_only=row.get("catalogue_only", False),
        is_promptless=row.get("promptless", False),
        takes_mask=row.get("mask", False),
        reference_words=row.get("references", ""),
        max_outputs=row.get("max_outputs", 1),
        schemas=schemas,
    )


MODELS = load(Path(__file__).with_name("models.json"))
DEFAULT = next(model for model in MODELS.values() if model.is_default)
# Its cost is known, so that an edit without any model needs no acceptance (contract 11).
DEFAULT_EDIT = MODELS["fal.nano-banana-2-edit"]


def find(reference: str) -> Model | None:
    """By id, by alias, or `default` (contract 2.15)."""
    if reference == "default":
        return DEFAULT
    return MODELS.get(ALIASES.get(reference, reference))
