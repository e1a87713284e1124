"""A linked agent that something is wrong with, and what people do about it."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent, Claim
from dashboard.support.models import Message, Side, Thread
from dashboard.support.services import Subject, message_send, thread_open

SUBJECT = Subject("agent", "agt_here", "render-bot")
Open = Callable[..., Thread]
Write = Callable[..., Message]


@pytest.fixture
def linked(workspace: Workspace, owner: User) -> Claim:
    agent = Agent.objects.create(
        remote_id=SUBJECT.id, organization_id="org_here", name=SUBJECT.label, free_credits=12, paid_credits=480
    )
    return Claim.objects.create(workspace=workspace, agent=agent, claimed_by=owner, claimed_at=timezone.now())


@pytest.fixture
def open_thread(workspace: Workspace, owner: User) -> Open:
    """Return a function that opens a thread as the owner, unless it is told otherwise."""

    def press(text: str = "500 credits never came.", **other: Any) -> Thread:
        usual = {"workspace": workspace, "user": owner, "subject": SUBJECT, "problem": "missing_credits"}
        return thread_open(**{**usual, "key": uuid4(), "text": text, **other})

    return press


@pytest.fixture
def thread(open_thread: Open) -> Thread:
    return open_thread()


def write(thread: Thread, user: User, side: Side, text: str = "We are looking.", **other: Any) -> Message:
    """Write in a thread and leave it as the database has it."""
    message = message_send(thread=thread, user=user, side=side, text=text, **{"key": uuid4(), **other})
    thread.refresh_from_db()
    return message
