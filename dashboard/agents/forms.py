"""Forms about agents."""

from django import forms

WARN_CHOICES = (
    ("", "Do not warn me"),
    ("50", "50 credits a day"),
    ("100", "100 credits a day"),
    ("500", "500 credits a day"),
)


class ConsentForm(forms.Form):
    phrase = forms.CharField(
        label="Confirmation phrase", max_length=16, help_text="Six characters, which your agent just printed."
    )
    warn_credits_per_day = forms.TypedChoiceField(
        label="Warn me when it spends more than",
        choices=WARN_CHOICES,
        required=False,
        coerce=int,
        empty_value=None,
        help_text="A warning only: Image Skill does not stop an agent for it.",
    )
