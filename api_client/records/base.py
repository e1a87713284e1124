"""The base of every record: strict about what is needed, forgiving about the rest, silent in its repr.

A needed field that is missing or mistyped fails the record. An optional one that is mistyped reads as its default,
its raw value is kept in `extra` and its name in `drift`, so that a changed contract is seen and nothing is lost.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from api_client.secret import redact

JsonObject = dict[str, Any]

MAX_WHOLE = 2**53  # beyond it other readers of the same JSON round; no count of ours comes near
MAX_TEXT = 2_000


def _whole(value: object) -> object:
    # The magnitude is looked at first: int(Decimal("1e999999")) would build a million digits.
    if isinstance(value, Decimal) and abs(value) <= MAX_WHOLE and value == value.to_integral_value():
        return int(value)
    return value


def _seconds(value: object) -> object:
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and Decimal(value) <= MAX_WHOLE:
        return float(value)
    return str(value)  # the strict float refuses a text, as it should this


def _utc(value: object) -> object:
    if not isinstance(value, str):
        return value
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time outside the calendar") from None


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _cut(value: str) -> str:
    return value[:MAX_TEXT]


Whole = Annotated[int, BeforeValidator(_whole), Field(ge=-MAX_WHOLE, le=MAX_WHOLE)]
Seconds = Annotated[float, BeforeValidator(_seconds), Field(ge=0)]
Moment = Annotated[datetime, BeforeValidator(_utc)]
Id = Annotated[str, Field(min_length=1, max_length=200)]
Word = Annotated[str, Field(max_length=200)]
Words = Annotated[tuple[Word, ...], BeforeValidator(_tuple)]
Text = Annotated[str, AfterValidator(_cut)]
SafeText = Annotated[str, AfterValidator(_cut), AfterValidator(redact)]
SafeTexts = Annotated[tuple[SafeText, ...], BeforeValidator(_tuple)]
Url = Annotated[str, Field(max_length=4_000)]


class Record(BaseModel):
    """A frozen record; see `extra` and `drift` for what the service sent beyond it."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="allow",
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
        protected_namespaces=(),
    )

    # Optional fields whose wrong type must fail the record all the same.
    unforgiving: ClassVar[frozenset[str]] = frozenset()

    _misfits: JsonObject = PrivateAttr(default_factory=dict)

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        """Bring the wire's nesting into the record's flat shape. Gets a copy of its own at the top level."""
        return wire

    @model_validator(mode="wrap")
    @classmethod
    def _keep_what_fits(cls, value: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(value, dict):
            return handler(value)
        fields = cls.model_fields
        # A null where a default stands is silence, not drift; where a value is needed it is a missing one.
        wire = {name: part for name, part in cls.unfold(dict(value)).items() if part is not None or name not in fields}
        try:
            return handler(wire)
        except ValidationError as error:
            misfits = {str(problem["loc"][0]) for problem in error.errors(include_input=False, include_url=False)}
            if any(fields[name].is_required() for name in misfits) or misfits & cls.unforgiving:
                raise
        record = handler({name: part for name, part in wire.items() if name not in misfits})
        record._misfits = {name: wire[name] for name in misfits}  # noqa: SLF001 - of this very class
        return record

    @property
    def extra(self) -> JsonObject:
        """Fields the contract does not name, and mistyped optional ones, as they were sent."""
        return {**(self.model_extra or {}), **self._misfits}

    @property
    def drift(self) -> tuple[str, ...]:
        """Names of optional fields that came with a wrong type."""
        return tuple(sorted(self._misfits))

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        # Unknown fields and objects kept as sent are anyone's text: they stay out of logs and tracebacks.
        shown = type(self).model_fields
        return [(name, part) for name, part in super().__repr_args__() if name in shown and not isinstance(part, dict)]


class Answer(Record):
    """A record that is the whole `data` of an answer, with what its envelope said about it."""

    trace_id: Word | None = None
    service_warnings: SafeTexts = ()


def problems_of(error: ValidationError) -> str:
    """Which fields were wrong and how, without their values: `actor.actor_id (missing)`."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return ", ".join(f"{'.'.join(map(str, problem['loc']))} ({problem['type']})" for problem in found[:5])
