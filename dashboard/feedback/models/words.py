"""The words and levels that clusters and reports are sorted by."""

from django.db import models


class State(models.TextChoices):
    """What became of a cluster. REGRESSED comes by itself: done, and reported again."""

    NEW = "new"
    TRIAGED = "triaged"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    REGRESSED = "regressed"
    WONT_DO = "wont_do"
    DUPLICATE = "duplicate"
    SPAM = "spam"
    PRIVATE = "private"


OPEN_STATES = (State.NEW, State.TRIAGED, State.ACCEPTED, State.IN_PROGRESS, State.REGRESSED, State.PRIVATE)


class Level(models.IntegerChoices):
    """How bad, as far as it counts; the agent's own words are in its report."""

    LOW = 1, "low"
    MEDIUM = 2, "medium"
    HIGH = 3, "high"
    CRITICAL = 4, "critical"


class Sureness(models.IntegerChoices):
    """How sure the agent says it is."""

    LOW = 1, "low"
    MEDIUM = 2, "medium"
    HIGH = 3, "high"


class Place(models.TextChoices):
    """In which list a cluster stands; follows from its other columns (`dashboard/feedback/standing.py`)."""

    OPEN = "open"
    CLOSED = "closed"
    ASLEEP = "asleep"
    MUTED = "muted"
    PRIVATE = "private"
    MERGED = "merged"
