"""Forms about originals."""

from django import forms


class KeepRuleForm(forms.Form):
    """Whether originals are kept, and for how long."""

    is_on = forms.BooleanField(label="Keep a copy of every original", required=False)
    days = forms.IntegerField(
        label="For how many days",
        min_value=1,
        max_value=36_500,
        required=False,
        help_text="Empty: until purged by hand.",
    )


class PurgeForm(forms.Form):
    """Which originals are let go of."""

    older_than_days = forms.IntegerField(
        label="Purge originals kept for more than",
        min_value=0,
        max_value=36_500,
        help_text="Days. 0 purges all of them.",
    )
