"""Owned assets that guide a create or an edit: how many, in which roles, of what kind (contract 2.17)."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from sandbox.errors import ApiError, invalid
from sandbox.rules import fields

MIME_TYPES = ("image/png", "image/jpeg", "image/webp")
MAX_BYTES = 10 * 1024 * 1024
MIN_SIDE = 300
# As width : height, from 0.40 to 2.50; in whole numbers, since a float would shut out the limits themselves.
_NARROWEST, _WIDEST = (2, 5), (5, 2)
_NAMES = {"asset_id", "role", "index", "reference_index", "reference_task"}
_ASSET_ID = re.compile(r"[a-z]+_[A-Za-z0-9._-]{1,128}")


@dataclass(frozen=True)
class Source:
    """What work needs to know of an asset that it starts from; sizes in pixels, None where there is no picture."""

    id: str
    file_name: str
    mime_type: str
    content_length: int
    width: int | None
    height: int | None

    @property
    def size(self) -> tuple[int, int] | None:
        """Of a picture; None for anything that cannot be opened as one."""
        is_picture = self.mime_type.startswith("image/") and self.width and self.height
        return (self.width, self.height) if is_picture and self.width and self.height else None


@dataclass(frozen=True)
class Input:
    """One asset in its role: `input`, `mask`, or what a reference is there for."""

    source: Source
    role: str
    index: int = 0
    reference_index: int | None = None
    task: str | None = None

    @property
    def terms(self) -> list[Any]:
        """What tells it apart from any other."""
        return [self.source.id, self.role, self.index, self.reference_index, self.task]


# Finds an asset of the caller; raises ASSET_NOT_FOUND for another's too.
Find = Callable[[str], Source]


@dataclass(frozen=True)
class Rule:
    """What one model takes. `elements` groups entries by their index; `tasks` are what a single one may be for."""

    most: int
    roles: tuple[str, ...] = ("reference_image",)
    tasks: tuple[str, ...] = ()
    elements: int = 0

    def describe(self) -> dict[str, Any]:
        """`media.input.references` of a model row; all but the first three are ours (INF)."""
        limits = {"mime_types": list(MIME_TYPES), "max_bytes": MAX_BYTES, "min_side": MIN_SIDE}
        limits |= {"aspect_ratio": {"min": 0.4, "max": 2.5}}
        row: dict[str, Any] = {"supported": True, "required": False, "max": self.most, "roles": list(self.roles)}
        if self.tasks:
            row["tasks"] = list(self.tasks)
        if self.elements:
            row["elements"] = {"max": self.elements, "frontal_each": 1, "max_references_each": _MAX_VIEWS}
        return row | {"asset": limits}


_FRONTAL, _VIEW, _MAX_VIEWS = "element_frontal", "element_reference", 3
ELEMENTS = Rule(40, (_FRONTAL, _VIEW), elements=10)
PAIR = Rule(2)
PAIR_WITH_TASK = Rule(2, tasks=("ip", "id", "style"))
NONE = {"supported": False, "required": False, "max": 0}


def rule_for(words: str, operation: str) -> Rule | None:
    """The rule behind one line of models.json for a create or an edit."""
    if words.startswith("elements"):
        return ELEMENTS
    if words.startswith("edit: "):
        return PAIR if operation == "edit" else None
    return PAIR_WITH_TASK if words else None


def read(body: fields.Body, rule: Rule | None, find: Find) -> tuple[Input, ...]:
    """The `references` of a body. Raises INVALID_ARGUMENTS, ASSET_NOT_FOUND."""
    entries = body.get("references")
    if entries is None or entries == []:
        return ()
    if rule is None:
        raise invalid("This model takes no references.")
    if not isinstance(entries, list) or len(entries) > rule.most:
        _refuse(f"references must be a list of at most {rule.most} entries.")
    # The whole list before any asset: its shape is refused alike whatever exists.
    drafts = [_shape(entry, place, rule) for place, entry in enumerate(entries)]
    _check_order([draft for _, draft in drafts], rule)
    return tuple(_filled(draft, _checked(find(asset_id))) for asset_id, draft in drafts)


def asset_id(value: object, name: str) -> str:
    """An id, never an address: the service fetches nothing (contract 4.14). "" when absent."""
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > 140 or not _ASSET_ID.fullmatch(value):
        raise invalid(f"{name} must be the id of an owned asset, not an address.")
    return value


def none_found(_asset_id: str) -> NoReturn:
    """For callers who own nothing."""
    raise ApiError("ASSET_NOT_FOUND", "This agent has no such asset.")


def _shape(entry: object, place: int, rule: Rule) -> tuple[str, Input]:
    if not isinstance(entry, Mapping) or not set(entry) <= _NAMES:
        _refuse(f"A reference holds {', '.join(sorted(_NAMES))} and nothing else.")
    found = asset_id(entry.get("asset_id"), "references.asset_id")
    if not found:
        _refuse("references.asset_id is required.")
    role = fields.text(entry, "role") or (rule.roles[0] if len(rule.roles) == 1 else "")
    if role not in rule.roles:
        _refuse(f"references.role must be one of {', '.join(rule.roles)}.")
    task = fields.text(entry, "reference_task") or None
    if task is not None and task not in rule.tasks:
        _refuse("references.reference_task is not one that this model takes.")
    highest = (rule.elements or rule.most) - 1
    index = fields.whole(entry, "index", low=0, high=highest)
    view = fields.whole(entry, "reference_index", low=0, high=_MAX_VIEWS - 1)
    if (view is None) == (role == _VIEW):
        _refuse(f"references.reference_index belongs to every {_VIEW} and to nothing else.")
    if index is None and rule.elements:
        _refuse("references.index is required.")
    return found, Input(_UNKNOWN, role, place if index is None else index, view, task)


def _check_order(drafts: list[Input], rule: Rule) -> None:
    indexes = {draft.index for draft in drafts}
    if indexes != set(range(len(indexes))):
        _refuse("references.index must count from 0 without a gap.")
    if not rule.elements:
        if len(indexes) < len(drafts):
            _refuse("Each references.index may be there once.")
        return
    fronts = Counter(draft.index for draft in drafts if draft.role == _FRONTAL)
    if any(fronts[index] != 1 for index in indexes):
        _refuse(f"Each element needs exactly one {_FRONTAL}.")
    views = Counter((draft.index, draft.reference_index) for draft in drafts if draft.role == _VIEW)
    if any(count > 1 for count in views.values()):
        _refuse("Each reference_index may be there once for an element.")


def _checked(source: Source) -> Source:
    if source.mime_type not in MIME_TYPES or source.size is None:
        _refuse("A reference must be a PNG, JPEG or WebP image.")
    if source.content_length > MAX_BYTES:
        _refuse(f"A reference may have at most {MAX_BYTES} bytes.")
    width, height = source.size
    is_too_narrow = width * _NARROWEST[1] < height * _NARROWEST[0]
    is_too_wide = width * _WIDEST[1] > height * _WIDEST[0]
    if min(width, height) < MIN_SIDE or is_too_narrow or is_too_wide:
        _refuse(f"A reference needs {MIN_SIDE} pixels on each side and an aspect ratio from 0.40 to 2.50.")
    return source


def _filled(draft: Input, source: Source) -> Input:
    return Input(source, draft.role, draft.index, draft.reference_index, draft.task)


def _refuse(message: str) -> NoReturn:
    raise invalid(message)


_UNKNOWN = Source("", "", "", 0, None, None)
