"""How the feedback room says raw values: its part of the glossary."""

from dashboard.lib.words import Tone, Word

WORDS: dict[str, dict[str, Word]] = {
    "feedback_state": {
        "new": Word("New", "inbox", Tone.INFO),
        "triaged": Word("Triaged", "planned"),
        "accepted": Word("Accepted", "check", Tone.INFO),
        "in_progress": Word("In progress", "running", Tone.INFO),
        "done": Word("Done", "done", Tone.GOOD),
        "regressed": Word("Regressed", "undo", Tone.BAD),
        "wont_do": Word("Won't do", "canceled"),
        "duplicate": Word("Duplicate", "copy"),
        "spam": Word("Spam", "trash"),
        "private": Word("Private", "lock", Tone.WARN),
    },
    "feedback_level": {
        "low": Word("Low", "minus"),
        "medium": Word("Medium", "info"),
        "high": Word("High", "alert", Tone.WARN),
        "critical": Word("Critical", "error", Tone.BAD),
    },
    "feedback_change": {
        "arrived": Word("Arrived", "inbox"),
        "folded": Word("Reported again by the same agent", "copy"),
        "state": Word("Changed the state", "edit"),
        "assigned": Word("Changed who looks after it", "user"),
        "snoozed": Word("Let it sleep", "clock"),
        "woken": Word("Woke up", "clock"),
        "merged": Word("Merged", "link"),
        "split": Word("Split", "unlink"),
        "private": Word("Changed who may see it", "lock"),
        "proof": Word("Ticked a proof", "check"),
        "noted": Word("Wrote a note", "edit"),
        "answered": Word("Answered", "mail"),
        "tracked": Word("Linked a tracker", "external"),
        "goodwill": Word("Wrote to billing", "credits"),
        "erased": Word("Erased text", "trash"),
        "undone": Word("Took it back", "undo"),
    },
    # The service's own queue (contract 3.11); the spelling of its states is not fixed.
    "github_queue": {
        "promoted": Word("Promoted", "external", Tone.INFO),
        "skipped": Word("Skipped", "minus"),
        "deduped": Word("Already known", "copy"),
        "blocked": Word("Blocked", "canceled", Tone.WARN),
        "already_mirrored": Word("Already mirrored", "done"),
    },
}
