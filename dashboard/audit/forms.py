"""The audit log's filter, as it stands in a page's address."""

from django import forms

from dashboard.audit.selectors import AuditFilter
from dashboard.lib.days import DaysForm
from dashboard.lib.glossary import GLOSSARY

ACTIONS = sorted(((raw, word.text) for raw, word in GLOSSARY["audit_action"].items()), key=lambda one: one[1])
OUTCOMES = [(raw, word.text) for raw, word in GLOSSARY["audit_outcome"].items()]


class AuditFilterForm(DaysForm):
    person = forms.CharField(label="Who", max_length=254, required=False)
    action = forms.ChoiceField(label="Did what", choices=[("", "Anything"), *ACTIONS], required=False)
    subject = forms.CharField(label="To whom or what", max_length=254, required=False)
    outcome = forms.ChoiceField(label="Outcome", choices=[("", "Any"), *OUTCOMES], required=False)
    field_order = ("person", "action", "subject", "outcome", "since", "until")

    @property
    def wanted(self) -> AuditFilter:
        """The filter of a valid form."""
        texts = {name: self.cleaned_data[name] for name in ("person", "action", "subject", "outcome")}
        since, until = self.bounds
        return AuditFilter(**texts, since=since, until=until)
