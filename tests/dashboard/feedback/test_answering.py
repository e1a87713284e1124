"""An answer is a row first, reaches the agent through the public API, and sponsors hear what became of it, once."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
import time_machine
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.agents.models import Claim
from dashboard.feedback.answering import answers_deliver, cluster_answer
from dashboard.feedback.deciding import Stale
from dashboard.feedback.decisions import clusters_state_set
from dashboard.feedback.models import Answer, Cluster, Delivery, State
from dashboard.feedback.telling import tellings_send
from dashboard.feedback.undoing import last_press_undo
from dashboard.notify.models import OutboxMail
from tests.dashboard.conftest import PlayedAgent
from tests.dashboard.feedback.conftest import Tell, pick
from tests.dashboard.feedback.test_intake import page, read

pytestmark = pytest.mark.django_db


def answer(cluster: Cluster, user: User, text: str = "A seed holds now.") -> Answer:
    return cluster_answer(pick(cluster), text=text, decision="fixed", url="", user=user)


def later(minutes: int = 11) -> time_machine.travel:
    return time_machine.travel(timezone.now() + timedelta(minutes=minutes))


def test_agent_reads_the_answer_at_its_feedbacks_activity(
    agent: PlayedAgent, operator_extension: None, reviewer: User
) -> None:
    with agent.client() as client:
        sent = client.feedback.create(title="Seed is ignored", body="Two pictures.")
    assert read()
    answer(Cluster.objects.get(reports__remote_id=sent.feedback_id), reviewer)
    assert answers_deliver() == 1
    assert answers_deliver() == 0
    with agent.client() as client:
        (event,) = client.activity.get(sent.feedback_id).events
    told = event.details["answer"]  # type: ignore[union-attr]
    assert (told["text"], told["decision"]) == ("A seed holds now.", "fixed")


def test_without_the_extension_an_answer_is_a_note(tell: Tell, reviewer: User) -> None:
    cluster = tell()
    assert not answer(cluster, reviewer).is_deliverable
    cluster.refresh_from_db()
    assert (cluster.answered_at, Delivery.objects.count(), answers_deliver()) == (None, 0, 0)


def test_unheard_answer_is_repeated_and_the_last_one_holds(
    tell: Tell, reviewer: User, operator_extension: None, hosted_answers: Callable[..., None]
) -> None:
    heard: list[bytes] = []

    def service(request: httpx.Request) -> httpx.Response:
        heard.append(request.content)
        if len(heard) == 1:
            return page({})  # an answer that says nothing: nobody knows whether it was heard
        item = {"feedback_id": "sig_1", "agent_id": "a", "organization_id": "o", "created_at": "2026-11-20T10:00:00Z"}
        return page({"feedback": item})

    hosted_answers(service)
    cluster = tell()
    answer(cluster, reviewer, "First.")
    assert answers_deliver() == 0
    answer(cluster, reviewer, "Second.")
    with later(1):
        assert answers_deliver() == 1
    assert b"Second." in heard[-1]
    assert Delivery.objects.get().state == Delivery.State.DONE


def test_answer_to_what_changed_meanwhile_is_refused(tell: Tell, reviewer: User, colleague: User) -> None:
    cluster = tell()
    seen = pick(cluster)
    clusters_state_set([seen], state=State.DONE, user=colleague)
    with pytest.raises(Stale):
        cluster_answer(seen, text="Too late.", decision="", url="", user=reviewer)
    assert not Answer.objects.exists()


def test_sponsor_hears_once_what_became_of_it_and_never_what_was_taken_back(
    tell: Tell, linked: Claim, reviewer: User, owner: User
) -> None:
    cluster = tell(title="Zanzibar")
    clusters_state_set([pick(cluster)], state=State.WONT_DO, user=reviewer)
    last_press_undo(reviewer)
    with later():
        assert tellings_send() == 0
    clusters_state_set([pick(cluster)], state=State.ACCEPTED, user=reviewer)
    assert tellings_send() == 0
    with later():
        assert (tellings_send(), tellings_send()) == (1, 0)
    mail = OutboxMail.objects.get()
    assert (mail.to, "Accepted" in mail.text, "Zanzibar" in mail.text + mail.html) == (owner.email, True, False)


def test_sponsor_hears_nothing_of_what_is_private(tell: Tell, linked: Claim, security: User) -> None:
    cluster = tell()
    clusters_state_set([pick(cluster)], state=State.PRIVATE, user=security)
    clusters_state_set([pick(cluster)], state=State.DONE, user=security)
    with later():
        assert tellings_send() == 0
    assert not OutboxMail.objects.exists()
