"""Reads a suggested command as the public client's parser would: its words, its flags, what it cannot do without."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

ALWAYS = {"json", "api-base-url", "token", "token-stdin"}
_WORK = {
    *("prompt", "prompt-file", "model", "provider", "intent", "aspect-ratio", "max-estimated-usd-per-image"),
    *("model-parameters-json", "idempotency-key", "accept-unknown-cost", "dry-run", "guide"),
    *("element-frontal", "element-reference", "reference-image"),
}
_REFERENCES = {"quote-id", "payment-attempt-id", "checkout-session-id", "receipt-id"}


@dataclass(frozen=True)
class Usage:
    """Flags that a command knows, those it insists on, and how many words it takes beside them."""

    flags: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    words: int = 0


def _usage(flags: set[str] | None = None, required: set[str] | None = None, words: int = 0) -> Usage:
    return Usage(frozenset(flags or set()), frozenset(required or set()), words)


USAGES = {
    "doctor": _usage(),
    "trust": _usage(),
    "signup": _usage(
        {"agent", "agent-contact", "agent-name", "runtime", "show-token", "no-save", "save", "discovery-source"},
        {"agent", "agent-name", "runtime"},
    ),
    "claim request": _usage({"contact"}, {"contact"}),
    "whoami": _usage(),
    "quota": _usage(),
    "usage quota": _usage(),
    "credits methods": _usage(),
    "credits packs list": _usage(),
    "credits quote": _usage({"pack", "credits", "payment-method", "idempotency-key"}, {"payment-method"}),
    "credits buy": _usage({"provider", "quote-id", "idempotency-key"}, {"provider", "quote-id", "idempotency-key"}),
    "credits status": _usage(_REFERENCES),
    "models list": _usage(
        {"available", "executable", "catalog-only", "operation", "modality", "provider", "summary", "details", "query"}
    ),
    "models show": _usage(words=1),
    "capabilities list": _usage(),
    "capabilities show": _usage(words=1),
    "create": _usage(_WORK | {"output-count"}),
    "edit": _usage(_WORK | {"input", "mask"}, {"input"}),
    "upload": _usage(words=1),
    "assets show": _usage(words=1),
    "assets get": _usage({"output", "overwrite"}, words=1),
    "jobs show": _usage(words=1),
    "jobs wait": _usage({"timeout-ms", "poll-interval-ms"}, words=1),
    "activity list": _usage({"limit", "subject"}),
    "activity show": _usage(words=1),
    "feedback create": _usage({"title", "body", "type", "severity", "confidence", "evidence"}),
}


def suggested(answer: Any) -> Iterator[tuple[str, str]]:
    """Every command in an answer, however deep, under the name of its field; the envelope's own label is none."""
    level: list[tuple[str, Any]] = [("", answer)]
    while level:
        below: list[tuple[str, Any]] = []
        for name, value in level:
            if isinstance(value, dict):
                below += [(key, item) for key, item in value.items() if not (value is answer and key == "command")]
            elif isinstance(value, list):
                below += [(name, item) for item in value]
            elif isinstance(value, str) and value.startswith("image-skill "):
                yield name, value
        level = below


def problems(command: str) -> list[str]:
    """Why the client would refuse the command; empty if it would not."""
    words = shlex.split(command)[1:]
    name = next((" ".join(words[:size]) for size in (3, 2, 1) if " ".join(words[:size]) in USAGES), None)
    if name is None:
        return [f"no such command: {command}"]
    usage = USAGES[name]
    flags, positionals = _parsed(words[len(name.split()) :])
    found = [f"{name} does not know --{flag}" for flag in flags - usage.flags - ALWAYS]
    found += [f"{name} needs --{flag}" for flag in usage.required - flags]
    if positionals != usage.words:
        found.append(f"{name} takes {usage.words} words: {command}")
    if name == "credits quote" and len(flags & {"pack", "credits"}) != 1:
        found.append(f"neither or both of pack and credits: {command}")
    return found


def _parsed(words: list[str]) -> tuple[set[str], int]:
    """A word after a flag is its value, unless it is a flag itself."""
    flags, positionals, place = set(), 0, 0
    while place < len(words):
        if words[place].startswith("--"):
            flags.add(words[place][2:].partition("=")[0])
            has_value = place + 1 < len(words) and not words[place + 1].startswith("--") and "=" not in words[place]
            place += 1 if has_value else 0
        else:
            positionals += 1
        place += 1
    return flags, positionals
