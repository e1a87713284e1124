"""The text that a sponsor hands to an agent: what this is, whose it is, and one command that answers.

The command reads its configuration from standard input, so that neither the token nor the code is in an argument
list; both travel in the header and the body, never in a URL.
"""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from dashboard.agents.ceremony import CODE_MINUTES

FROM_VARIABLE = "${IMAGE_SKILL_TOKEN:?set IMAGE_SKILL_TOKEN first}"
# Where the public client keeps its token: https://github.com/danielgwilson/image-skill-cli, README "saved tokens".
FROM_SAVED_CONFIG = (
    '$(sed -n \'s/^ *"token": *"\\([^"]*\\)".*/\\1/p\' '
    '"${IMAGE_SKILL_CONFIG_PATH:-${XDG_CONFIG_HOME:-$HOME/.config}/image-skill/config.json}")'
)
TEXT = """\
{sponsor} asks you to link yourself to the workspace "{workspace}" on the Image Skill dashboard at {host}.
Linking charges nothing. Your sponsor will see what you make and spend.
The dashboard uses your token only to ask Image Skill who you are and what you did; it keeps it encrypted and shows it
to nobody. If {host} is not a host that your sponsor told you to trust, stop here.
To answer, run this once within {minutes} minutes, then print the "phrase" of the reply for your sponsor:

curl --config - <<CLAIM
url = "{endpoint}"
header = "Authorization: Bearer {token}"
header = "Content-Type: application/json"
data = "{{\\"code\\":\\"{code}\\"}}"
silent
show-error
CLAIM
"""


@dataclass(frozen=True)
class Invitation:
    """The whole text for an agent whose token is in the environment, and the variant for a saved one."""

    text: str
    text_for_saved_token: str
    is_local: bool


def invitation_for(*, code: str, sponsor: str, workspace: str) -> Invitation:
    host = settings.DASHBOARD_URL
    variable, saved = (
        TEXT.format(
            sponsor=sponsor,
            workspace=workspace,
            host=host,
            endpoint=host + reverse("api:claim_confirmation"),
            minutes=CODE_MINUTES,
            code=code,
            token=token,
        )
        for token in (FROM_VARIABLE, FROM_SAVED_CONFIG)
    )
    return Invitation(variable, saved, is_local="//localhost" in host or "//127." in host or "//[::1]" in host)
