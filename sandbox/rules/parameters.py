"""The controls of each model as schemas that are really enforced; an unknown name fails closed (contract 4.16)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.errors import ApiError

PRESETS = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}


@dataclass(frozen=True)
class Choice:
    """One of a few words, read without regard to case."""

    values: tuple[str, ...]
    default: str | None = None

    def read(self, value: object) -> str | None:
        known = {word.lower(): word for word in self.values}
        return known.get(value.lower()) if isinstance(value, str) else None

    def describe(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.values), "default": self.default}


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds."""

    low: int
    high: int
    default: int | None = None

    def read(self, value: object) -> int | None:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        return value if is_whole and isinstance(value, int) and self.low <= value <= self.high else None

    def describe(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high, "default": self.default}


@dataclass(frozen=True)
class Switch:
    """True or false."""

    default: bool | None = None

    def read(self, value: object) -> bool | None:
        return value if isinstance(value, bool) else None

    def describe(self) -> dict[str, Any]:
        return {"type": "boolean", "default": self.default}


@dataclass(frozen=True)
class Words:
    """Short free text."""

    limit: int = 100
    default: str | None = None

    def read(self, value: object) -> str | None:
        return value if isinstance(value, str) and 0 < len(value) <= self.limit else None

    def describe(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.limit, "default": self.default}


@dataclass(frozen=True)
class ImageSize:
    """A preset name, one of the `automatic` ones, or (where `is_free`) `{width, height}` in pixels."""

    automatic: tuple[str, ...] = ()
    is_free: bool = False
    default: str | None = None
    low: int = 256
    high: int = 2048

    @property
    def names(self) -> tuple[str, ...]:
        return (*PRESETS, *self.automatic)

    def read(self, value: object) -> str | dict[str, int] | None:
        if isinstance(value, str):
            return value if value in self.names else None
        if self.is_free and isinstance(value, dict) and set(value) == {"width", "height"}:
            side = Whole(self.low, self.high)
            width, height = side.read(value["width"]), side.read(value["height"])
            return {"width": width, "height": height} if width and height else None
        return None

    def describe(self) -> dict[str, Any]:
        named = {"type": "string", "enum": list(self.names), "default": self.default}
        if not self.is_free:
            return named
        side = {"type": "integer", "minimum": self.low, "maximum": self.high}
        custom = {"type": "object", "required": ["width", "height"], "additionalProperties": False}
        return {"anyOf": [named, custom | {"properties": {"width": side, "height": side}}]}


# `read` gives the clean value or None for a wrong one; `default` applies when a control is not given.
Schema = Choice | Whole | Switch | Words | ImageSize

SEED = Whole(0, 2**32 - 1)
# What models.json says of a control, in its words; the ones it leaves blank are named in BLANK.
STATED: dict[str, Schema] = {
    "integer": SEED,
    "boolean": Switch(),
    "string": Words(),
    "low | high": Choice(("low", "high"), "low"),
    "1k | 2k": Choice(("1k", "2k"), "1k"),
    "1K | 2K | 4K": Choice(("1K", "2K", "4K"), "1K"),
    "0.5K | 1K | 2K | 4K": Choice(("0.5K", "1K", "2K", "4K"), "1K"),
    "1024x1024 | 1024x1536 | 1536x1024": Choice(("1024x1024", "1024x1536", "1536x1024")),
    "transparent | opaque": Choice(("transparent", "opaque"), "opaque"),
    "presets such as square_hd": ImageSize(),
    "square_hd | square | presets": ImageSize(),
    "square_hd | square | portrait and landscape presets | auto_2K | auto_4K": ImageSize(("auto_2K", "auto_4K")),
    "square_hd | square | presets | auto_2K | auto_3K": ImageSize(("auto_2K", "auto_3K")),
    "width and height": ImageSize(is_free=True),
    "as create | auto": ImageSize(("auto",)),
}
BLANK: dict[str, Schema] = {
    "size": Choice(("auto", "1024x1024", "1024x1536", "1536x1024")),
    "output_format": Choice(("png", "jpeg", "webp"), "png"),
    "output_compression": Whole(0, 100, 100),
    "background": Choice(("auto", "transparent", "opaque"), "opaque"),
    "moderation": Choice(("auto", "low"), "auto"),
    "quality": Choice(("auto", "low", "medium", "high"), "medium"),
}


def schema_for(name: str, words: str) -> Schema:
    """The schema behind one line of models.json; an unknown wording is a mistake in that file."""
    return BLANK[name] if not words else STATED[words]


def resolve(schemas: Mapping[str, Schema], given: object) -> tuple[dict[str, Any], list[str]]:
    """Clean values with defaults, and the names of the defaults that were applied. Raises MODEL_PARAMETERS_INVALID."""
    if given is None:
        given = {}
    if not isinstance(given, dict):
        raise _refused(schemas, "model_parameters must be an object.")
    # Which name it was is not repeated: callers put prompts and keys into the wrong field.
    if not set(given) <= set(schemas):
        raise _refused(schemas, "model_parameters holds a name that this model does not know.")
    values: dict[str, Any] = {}
    for name in given:
        values[name] = schemas[name].read(given[name])
        if values[name] is None:
            raise _refused(schemas, f"model_parameters.{name} has a value that this model does not accept.")
    applied = [name for name, schema in schemas.items() if name not in values and schema.default is not None]
    return values | {name: schemas[name].default for name in applied}, applied


def describe(schemas: Mapping[str, Schema]) -> dict[str, Any]:
    """JSON Schema of all controls of one model."""
    properties = {
        name: {key: value for key, value in schema.describe().items() if value is not None}
        for name, schema in schemas.items()
    }
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _refused(schemas: Mapping[str, Schema], message: str) -> ApiError:
    return ApiError("MODEL_PARAMETERS_INVALID", message, recovery={"model_parameters_schema": describe(schemas)})
