"""The text that a sponsor hands to an agent: what this is, whose it is, and one command that answers.

The command reads its configuration from standard input, so that neither the token nor the code is in an argument
list; both travel in the header and the body, never in a URL.
"""

import json
import re
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
COMMAND = """\
curl --config - <<CLAIM
url = "{endpoint}"
header = "Authorization: Bearer {token}"
header = "Content-Type: application/json"
data = "{data}"
silent
show-error
CLAIM
"""
TEXT = """\
{sponsor} asks you to link yourself to the workspace "{workspace}" on the {product} dashboard at {host}.
Linking charges nothing. Your sponsor will see what you make and spend.
The dashboard uses your token only to ask {product} who you are and what you did; it keeps it encrypted and shows it
to nobody. If {host} is not a host that your sponsor told you to trust, stop here.
To answer, run this once within {minutes} minutes, then print the "phrase" of the reply for your sponsor:

{command}"""


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
            product=settings.PRODUCT_NAME,
            minutes=CODE_MINUTES,
            command=_command("api:claim_confirmation", {"code": code}, token=token),
        )
        for token in (FROM_VARIABLE, FROM_SAVED_CONFIG)
    )
    return Invitation(variable, saved, is_local="//localhost" in host or "//127." in host or "//[::1]" in host)


def request_text_for(*, contact: str) -> str:
    """Return the command with which an agent asks this address by itself to link it."""
    return _command("api:claim_request", {"contact": contact}, token=FROM_VARIABLE)


def _command(url_name: str, body: dict[str, str], *, token: str) -> str:
    quoted = json.dumps(body, separators=(",", ":")).replace("\\", "\\\\").replace('"', '\\"')
    # The shell reads the text first: what an address may hold ($, `) must reach curl as it is.
    data = re.sub(r'\\(?!")|[$`]', r"\\\g<0>", quoted)
    return COMMAND.format(endpoint=settings.DASHBOARD_URL + reverse(url_name), token=token, data=data)
