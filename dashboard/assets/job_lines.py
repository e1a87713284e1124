"""Rows of the list of jobs, as plain values: all that the list shows of them."""

from datetime import datetime
from typing import NamedTuple

from dashboard.agents.models import shown_name
from dashboard.assets.models import Job


class JobLine(NamedTuple):
    """All that the list shows of a job, but for the name of its model."""

    pk: int
    remote_id: str
    named_at: datetime
    operation: str
    status: str
    reading: str
    capability_id: str
    model: str
    duration_ms: int | None
    credits_charged: int | None
    credits_priced: int | None
    outputs: int | None
    agent__remote_id: str
    agent__name: str

    @property
    def agent_name(self) -> str:
        return shown_name(self.agent__name, self.agent__remote_id)

    @property
    def is_plan(self) -> bool:
        return self.status == Job.Status.PLANNED

    @property
    def seconds(self) -> str:
        return seconds_text(self.duration_ms)


def seconds_text(milliseconds: int | None) -> str:
    """Return a duration as people say it; empty where none is told."""
    if milliseconds is None:
        return ""
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f} s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes} min {seconds} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
