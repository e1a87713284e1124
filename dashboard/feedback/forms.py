"""What reviewers send: cleaned, bounded, and free of what nobody must be told."""

import re
from datetime import timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from dashboard.feedback.deciding import AT_ONCE, Pick
from dashboard.feedback.decisions import CHOOSABLE, Snooze
from dashboard.feedback.queue import FIRST_VIEW, VIEWS, QueueFilter
from dashboard.lib.credentials import REMOVED, screened
from dashboard.lib.glossary import GLOSSARY

_PICK = re.compile(r"(\d{1,18}):(\d{1,9})")
STATES = [(state.value, GLOSSARY["feedback_state"][state.value].text) for state in CHOOSABLE]
ACTS = ("state", "assign_me", "assign_nobody", "snooze", "wake", "merge", "show")
MAX_WHY, MAX_NOTE = 500, 4_000


class QueueForm(forms.Form):
    """The queue's filter, as it stands in the page's address; what makes no sense is left out."""

    text = forms.CharField(label="Search", max_length=200, required=False)

    @property
    def wanted(self) -> QueueFilter:
        named = {name: str(self.data.get(name, ""))[:200] for name in QueueFilter().__dict__}
        view = named["view"] if named["view"] in VIEWS else FIRST_VIEW
        return QueueFilter(**{**named, "view": view, "text": named["text"].strip()})


class PicksField(forms.Field):
    """Clusters as a page showed them: "12:3" is number 12 in its version 3."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: list[str] | None) -> list[Pick]:
        matches = [_PICK.fullmatch(one) for one in (value or [])[: AT_ONCE + 1]]
        if not all(matches) or len(matches) > AT_ONCE:
            raise ValidationError(f"Choose at most {AT_ONCE} at once.")
        return [Pick(int(match[1]), int(match[2])) for match in matches if match]


class ActForm(forms.Form):
    """One press on what was chosen."""

    act = forms.ChoiceField(choices=[(name, name) for name in ACTS])
    pick = PicksField()
    state = forms.ChoiceField(choices=STATES, required=False)
    days = forms.IntegerField(min_value=1, max_value=365, required=False)
    reports = forms.IntegerField(min_value=1, max_value=10_000, required=False)
    agents = forms.IntegerField(min_value=1, max_value=1_000, required=False)
    why = forms.CharField(max_length=MAX_WHY, required=False)

    def clean(self) -> dict[str, object]:
        cleaned: dict[str, object] = super().clean() or {}
        if cleaned.get("act") == "state" and not cleaned.get("state"):
            raise ValidationError("Choose a state.")
        if cleaned.get("act") == "snooze" and not any(cleaned.get(name) for name in ("days", "reports", "agents")):
            raise ValidationError("Say until when it sleeps: days, reports or agents.")
        return cleaned

    @property
    def snooze(self) -> Snooze:
        days = self.cleaned_data["days"]
        until = timezone.now() + timedelta(days=days) if days else None
        return Snooze(until, self.cleaned_data["reports"], self.cleaned_data["agents"])


class WhyForm(forms.Form):
    """A reason, for the history."""

    why = forms.CharField(label="Why", max_length=MAX_WHY, required=False)


class SplitForm(WhyForm):
    """Which reports are taken out of a cluster, as it was in this version."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    report = forms.TypedMultipleChoiceField(coerce=int)

    def __init__(self, *args: object, report_ids: list[int], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["report"]
        if isinstance(field, forms.TypedMultipleChoiceField):
            field.choices = [(str(one), str(one)) for one in report_ids]


def secretless(text: str) -> str:
    """Return a text of ours; raises ValidationError where it holds what looks like a credential."""
    seen = screened(text)
    if seen.found:
        raise ValidationError(
            f"This held what looks like {' and '.join(seen.found)}; nothing was kept. Write it without ({REMOVED})."
        )
    return text


class SuggestionsForm(forms.Form):
    """What to do with the suggestions that were chosen of those that were shown."""

    act = forms.ChoiceField(choices=[("merge", "Merge"), ("refuse", "Not alike")])
    suggestion = forms.TypedMultipleChoiceField(coerce=int)

    def __init__(self, *args: object, shown: list[int], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["suggestion"]
        if isinstance(field, forms.TypedMultipleChoiceField):
            field.choices = [(str(one), str(one)) for one in shown]


class SourceForm(forms.Form):
    """An agent that is heard no more, or again."""

    agent = forms.RegexField(r"^[\w.-]{1,200}$", label="Agent's id", max_length=200)
    why = forms.CharField(label="Why", max_length=MAX_WHY, required=False)
    act = forms.ChoiceField(choices=[("mute", "Mute"), ("hear", "Hear")], widget=forms.HiddenInput, initial="mute")
