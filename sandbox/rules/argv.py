"""The read-only commands of the public client as JSON argv, and the GET each of them stands for (contract 2.24)."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from sandbox.errors import ApiError, invalid

MAX_WORDS, MAX_LENGTH = 40, 400
# Words of a command -> path; `{}` takes the one argument that the command needs.
COMMANDS = {
    ("doctor",): "/healthz",
    ("whoami",): "/v1/whoami",
    ("auth", "status"): "/v1/whoami",
    ("quota",): "/v1/quota",
    ("usage", "quota"): "/v1/quota",
    ("models", "list"): "/v1/models",
    ("models", "show"): "/v1/models/{}",
    ("capabilities", "list"): "/v1/capabilities",
    ("capabilities", "show"): "/v1/capabilities/{}",
    ("credits", "methods"): "/v1/payment-methods",
    ("credits", "packs"): "/v1/credit-packs",
    ("credits", "status"): "/v1/credit-purchases/status",
    ("jobs", "show"): "/v1/jobs/{}",
    ("assets", "show"): "/v1/assets/{}",
    ("activity", "list"): "/v1/activity",
    ("activity", "show"): "/v1/activity/{}",
}
_SWITCHES = {"available", "executable", "catalog-only", "details"}
_OPTIONS = {
    "/v1/models": {"operation", "provider", "modality", "query", *_SWITCHES},
    "/v1/activity": {"limit", "subject"},
    "/v1/credit-purchases/status": {"quote-id", "payment-attempt-id", "checkout-session-id", "receipt-id"},
}


@dataclass(frozen=True)
class Read:
    """A GET: its path, percent-encoded, and its query."""

    path: str
    query: Mapping[str, str]


def read_argv(argv: object, program: str) -> Read:
    """Raises INVALID_ARGUMENTS, PUBLIC_CLI_COMMAND_NOT_AVAILABLE. The program's own name may come first."""
    words = _words(argv)
    if words and words[0] == program:
        words = words[1:]
    name = next((name for name in COMMANDS if tuple(words[: len(name)]) == name), None)
    if name is None:
        recovery = {"commands": [" ".join(known) for known in COMMANDS]}
        raise ApiError(
            "PUBLIC_CLI_COMMAND_NOT_AVAILABLE", "Only commands that read are answered here.", recovery=recovery
        )
    template = COMMANDS[name]
    arguments, query = _split(words[len(name) :], _OPTIONS.get(template, set()))
    if len(arguments) != template.count("{}"):
        raise invalid("The command has too few or too many arguments.")
    return Read(template.format(*(quote(argument, safe="") for argument in arguments)), query)


def _words(argv: object) -> list[str]:
    if not isinstance(argv, list) or not argv or len(argv) > MAX_WORDS:
        raise invalid(f"argv must be a list of 1 to {MAX_WORDS} words.")
    words = [word for word in argv if isinstance(word, str) and len(word) <= MAX_LENGTH]
    if len(words) < len(argv):
        raise invalid(f"Every word of argv must be text of at most {MAX_LENGTH} characters.")
    return words


def _split(words: list[str], known: set[str]) -> tuple[list[str], dict[str, str]]:
    """Plain arguments, and the query of the options. `--json` is what is answered anyway."""
    arguments: list[str] = []
    query: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if not word.startswith("--"):
            arguments.append(word)
            continue
        option, has_value, value = word[2:].partition("=")
        if option == "json" and not has_value:
            continue
        if option not in known:
            raise invalid("This command does not know one of the options.")
        if not has_value:
            value = "true" if option in _SWITCHES else next(rest, "")
        query[option.replace("-", "_")] = value
    return arguments, query
