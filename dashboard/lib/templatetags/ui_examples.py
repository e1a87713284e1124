"""`{% load ui_examples %}`: values for the style page, templates/local/components.html, which has no data."""

from datetime import datetime, timedelta

from django import forms, template
from django.utils import timezone

register = template.Library()


class ExampleForm(forms.Form):
    """One field of each kind; bound to wrong values, so that errors show."""

    name = forms.CharField(label="Workspace name", help_text="Members see it in the top bar.", max_length=80)
    contact = forms.EmailField(label="Contact", help_text="The inbox the agent signed up with.")
    code = forms.CharField(label="Code", max_length=9)
    role = forms.ChoiceField(label="Role", choices=[("buyer", "Buyer"), ("viewer", "Viewer")])
    note = forms.CharField(label="Note", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    consent = forms.BooleanField(label="I understand what linking changes", help_text="It charges nothing.")
    theme = forms.ChoiceField(
        label="Theme", choices=[("system", "Follow the system"), ("dark", "Dark")], widget=forms.RadioSelect
    )


@register.simple_tag
def example_form() -> ExampleForm:
    return ExampleForm({"name": "Studio North", "contact": "not an address", "role": "viewer", "theme": "dark"})


@register.simple_tag
def example_name() -> str:
    """Return a name as an ill-meaning agent would choose it: markup, a bidi override, and no place to break."""
    return "<script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe " + 90 * "a"


@register.simple_tag
def example_moment(*, minutes: int) -> datetime:
    """Return a moment that many minutes ahead; negative ones lie in the past."""
    return timezone.now() + timedelta(minutes=minutes)
