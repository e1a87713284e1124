"""The guardrails of one agent as a form: of each kind a warning and a limit, both optional."""

from collections.abc import Mapping
from typing import NamedTuple

from django import forms
from django.forms import BoundField

from dashboard.activity.crossings import Use
from dashboard.agents.guardrail_rules import Kind, Limits

MOST = 1_000_000
WARNING, LIMIT = "warn", "limit"


class Rail(NamedTuple):
    """One kind: what it is called, how much is used of what is set, its two fields."""

    label: str
    use: Use | None
    warning: BoundField
    limit: BoundField


class GuardrailsForm(forms.Form):
    """Whole credits or jobs; an empty field sets no limit."""

    def __init__(self, data: object, *, limits: Limits) -> None:
        super().__init__(data, initial={_name(*which): limit for which, limit in limits.items()})  # type: ignore[arg-type]
        for kind in Kind:
            for is_hard, label in ((False, "Warn at"), (True, "Limit")):
                self.fields[_name(kind, is_hard)] = forms.IntegerField(
                    label=label,
                    min_value=1,
                    max_value=MOST,
                    required=False,
                    widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
                )

    def clean(self) -> dict[str, object]:
        cleaned: dict[str, object] = super().clean() or {}
        for kind in Kind:
            warning, limit = cleaned.get(_name(kind, False)), cleaned.get(_name(kind, True))
            if isinstance(warning, int) and isinstance(limit, int) and warning >= limit:
                self.add_error(_name(kind, False), "It would come no sooner than the limit.")
        return cleaned

    @property
    def limits(self) -> Limits:
        """The guardrails that a valid form asks for."""
        asked = {(kind, is_hard): self.cleaned_data[_name(kind, is_hard)] for kind in Kind for is_hard in (False, True)}
        return {which: limit for which, limit in asked.items() if limit is not None}

    def rails(self, uses: Mapping[tuple[str, bool], Use]) -> list[Rail]:
        """Return the form's rows, each with the use of its hard limit, or of its warning where there is none."""
        return [self._rail(kind, uses) for kind in Kind]

    def _rail(self, kind: Kind, uses: Mapping[tuple[str, bool], Use]) -> Rail:
        mine = [uses[kind, is_hard] for is_hard in (True, False) if (kind, is_hard) in uses]
        warning, limit = (self[_name(kind, is_hard)] for is_hard in (False, True))
        return Rail(kind.label, mine[0] if mine else None, warning, limit)


def _name(kind: Kind, is_hard: bool) -> str:
    return f"{LIMIT if is_hard else WARNING}_{kind.value}"
