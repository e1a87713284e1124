"""Forms of pages that belong to no single app."""

import zoneinfo

from django import forms

from dashboard.accounts.models import User

ZONES = sorted(
    zone for zone in zoneinfo.available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix/", "right/"))
)


class ProfileForm(forms.Form):
    name = forms.CharField(label="Your name", max_length=120, required=False, help_text="Agents and teammates see it.")
    time_zone = forms.ChoiceField(
        label="Time zone", choices=[("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in ZONES)]
    )
    theme = forms.ChoiceField(label="Theme", choices=User.Theme.choices, widget=forms.RadioSelect)


class ThemeForm(forms.Form):
    theme = forms.TypedChoiceField(choices=User.Theme.choices, coerce=User.Theme)


class SinceForm(forms.Form):
    """A moment of the viewer's own zone."""

    FORMAT = "%Y-%m-%dT%H:%M"

    since = forms.DateTimeField(
        label="The token was seen, or may have been, from",
        input_formats=[FORMAT],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=FORMAT),
    )
