"""Forms about agents."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator

from dashboard.agents.inquiry import TOKEN_PATTERN

WARN_CHOICES = (
    ("", "Do not warn me"),
    ("50", "50 credits a day"),
    ("100", "100 credits a day"),
    ("500", "500 credits a day"),
)


class ConsentForm(forms.Form):
    """What a sponsor consents with: the phrase where one is asked, and a yes of its own to renewing a broken link.

    An agent that is held already keeps its guardrails: there a warning could be raised without a fresh sign-in.
    """

    phrase = forms.CharField(
        label="Confirmation phrase", max_length=16, help_text="Six characters, which your agent just printed."
    )
    is_renewal_expected = forms.BooleanField(
        label="I know why its token changed, and I want to renew the link",
        error_messages={"required": "Tick this only if you know why the token changed. Otherwise refuse."},
    )
    warn_credits_per_day = forms.TypedChoiceField(
        label="Warn me when it spends more than",
        choices=WARN_CHOICES,
        required=False,
        coerce=int,
        empty_value=None,
        help_text="A warning only: Image Skill does not stop an agent for it.",
    )

    def __init__(self, *args: Any, asks_phrase: bool, renews: bool, renews_broken: bool, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        if renews:
            del self.fields["warn_credits_per_day"]
        if not asks_phrase:
            del self.fields["phrase"]
        if not renews_broken:
            del self.fields["is_renewal_expected"]


class TokenForm(forms.Form):
    """A token that a sponsor holds. Write-only: no answer of ours repeats it."""

    token = forms.CharField(
        label="The agent's token",
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        validators=[RegexValidator(rf"\A{TOKEN_PATTERN}\Z", "A token is one line of letters, digits and signs.")],
        help_text="Kept encrypted and never shown again. Image Skill is asked whose it is; then you decide.",
    )
