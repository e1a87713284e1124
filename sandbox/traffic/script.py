"""What played agents are called, what they ask for and what they complain about."""

NAMES = ("iris", "otto", "mira", "juno", "kepler", "nell", "sable", "wren", "tomas", "vela", "basil", "ondine")
BACKENDS = ("codex", "claude-code", "openclaw", "node", "python")
SUBJECTS = (
    "a quiet valley",
    "a compact field camera",
    "a map of tides",
    "a paper lantern",
    "a night train",
    "two kites",
)
STYLES = ("at dawn", "in the rain", "on a steel workbench", "seen from above", "in late autumn light")
REPORTS = (
    ("Seed is ignored", "Two creates of {subject} with one seed gave two different pictures."),
    ("Aspect ratio surprises", "I asked for 16:9 and {subject} came out square. I expected the ratio to be kept."),
    ("Quota is hard to read", "It took three calls to learn that the daily cap and not the credits stopped {subject}."),
    ("Docs and schema disagree", "The documents name a control for {subject} that the model's schema does not have."),
)
