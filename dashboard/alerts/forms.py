"""What people choose to be told."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import QueryDict

from dashboard.accounts.models import Workspace
from dashboard.agents.models import Agent
from dashboard.agents.selectors import claim_list
from dashboard.alerts.kinds import Kind
from dashboard.alerts.models import Preference
from dashboard.alerts.services import Choice, Exempted
from dashboard.lib.addresses import AddressRefused, target_of

HOURS = [(hour, f"{hour:02}:00") for hour in range(24)]
TIME = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class PreferenceForm(forms.Form):
    preset = forms.ChoiceField(label="Alerts", choices=Preference.Preset.choices, widget=forms.RadioSelect)
    has_mail = forms.BooleanField(label="Send me mails", required=False)
    rhythm = forms.ChoiceField(label="How often", choices=Preference.Rhythm.choices)
    digest_hour = forms.TypedChoiceField(
        label="Daily mail at", choices=HOURS, coerce=int, help_text="Of the daily mail alone."
    )
    quiet_from = forms.TimeField(label="Quiet from", required=False, widget=TIME)
    quiet_until = forms.TimeField(
        label="Quiet until",
        required=False,
        widget=TIME,
        help_text="What happens meanwhile comes in one mail at the end.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        begins, ends = cleaned.get("quiet_from"), cleaned.get("quiet_until")
        if (begins is None) != (ends is None) and not self.errors:
            self.add_error("quiet_until", "Quiet hours need a beginning and an end.")
        elif begins is not None and begins == ends:
            self.add_error("quiet_until", "They end when they begin: there would be none.")
        return cleaned

    @property
    def choice(self) -> Choice:
        """What a valid form says."""
        return Choice(**self.cleaned_data)


class ExemptionForm(forms.Form):
    """An exception beneath the preset, of the kinds that a role may be told of. In a workspace there are agents."""

    is_told = forms.TypedChoiceField(
        label="Tell me", choices=[("no", "Never"), ("yes", "Always")], coerce=lambda raw: raw == "yes"
    )
    kind = forms.ChoiceField(label="Kind", required=False)
    agent = forms.CharField(
        label="Agent", required=False, max_length=200, help_text="Its name or id. Empty: every agent."
    )

    def __init__(self, data: QueryDict | None = None, *, kinds: Iterable[Kind], workspace: Workspace | None) -> None:
        super().__init__(data)
        self.workspace = workspace
        named = [(kind.name, kind.title) for kind in kinds]
        chosen = self.fields["kind"]
        assert isinstance(chosen, forms.ChoiceField)  # noqa: S101 - for the type checker
        chosen.choices = [("", "Every kind"), *named] if workspace else named
        chosen.required = workspace is None
        if workspace is None:
            del self.fields["agent"]

    @property
    def exemption(self) -> Exempted:
        """What a valid form says."""
        return Exempted(**self.cleaned_data)

    def clean_agent(self) -> Agent | None:
        text = self.cleaned_data["agent"].strip()
        if not text or self.workspace is None:
            return None
        if "\x00" in text:
            raise ValidationError("No agent of this workspace is called that.")
        named = Q(agent__remote_id=text) | Q(agent__name__iexact=text)
        found = [claim.agent for claim in claim_list(self.workspace).filter(named)[:2]]
        if len(found) == 1:
            return found[0]
        raise ValidationError(
            "Several agents are called that: give the id." if found else "No agent of this workspace is called that."
        )


class WebhookForm(forms.Form):
    url = forms.CharField(label="Address", max_length=500, widget=forms.URLInput(attrs={"placeholder": "https://"}))
    preset = forms.ChoiceField(label="Alerts", choices=Preference.Preset.choices, initial=Preference.Preset.EVERYTHING)

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"].strip()
        try:
            target = target_of(url)
        except AddressRefused as refused:
            raise ValidationError(str(refused)) from None
        if target.scheme != "https" and not settings.IS_LOCAL:
            raise ValidationError("Only https addresses can be asked.")
        return url
