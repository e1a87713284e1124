"""Forms about agents."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.db.models import Q, QuerySet

from dashboard.accounts.models import Workspace
from dashboard.agents.inquiry import TOKEN_PATTERN
from dashboard.agents.models import Agent
from dashboard.agents.selectors import agent_list_ever, agent_names

# Of more agents than this nobody wants a menu: part of their name is typed.
MOST_CHOICES = 50

WARN_CHOICES = (
    ("", "Do not warn me"),
    ("50", "50 credits a day"),
    ("100", "100 credits a day"),
    ("500", "500 credits a day"),
)


class AgentFilterForm(forms.Form):
    """Which agents' rows of a list are wanted: a few are chosen from, of many one is named."""

    agent = forms.CharField(label="Agent", max_length=200, required=False)

    def __init__(self, data: object, *, workspace: Workspace) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        self.workspace = workspace
        names = agent_names(workspace, limit=MOST_CHOICES + 1)
        self.has_few_agents = len(names) <= MOST_CHOICES
        if self.has_few_agents:
            self.fields["agent"].widget = forms.Select(choices=[("", "All"), *names])

    def agents_meant(self) -> QuerySet[Agent]:
        """Return the agent of the id that was sent; where names are typed, also those whose name holds it."""
        wanted = self.cleaned_data["agent"]
        named = Q(remote_id=wanted) if self.has_few_agents else Q(remote_id=wanted) | Q(name__icontains=wanted)
        return agent_list_ever(self.workspace).filter(named)


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
        help_text=f"A warning only: {settings.PRODUCT_NAME} does not stop an agent for it.",
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
        help_text="Kept encrypted and never shown again. "
        f"{settings.PRODUCT_NAME} is asked whose it is; then you decide.",
    )
