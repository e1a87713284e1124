import pytest

from api_client import ServiceFailed
from tests.api_client.playing import Service, client_of, ok, refused


def test_feedback_sends_the_defaults_of_the_public_clients() -> None:
    service = Service(ok({"feedback_id": "sig_1", "quality": {"score": 2}}, warnings=["Say what you expected."]))
    with client_of(service) as client:
        stored = client.feedback.create(title="Too slow")
    assert service.sent == {
        "type": "user_feedback",
        "title": "Too slow",
        "severity": "medium",
        "confidence": "medium",
        "next_state": "watch",
        "surface": ["cli"],
        "evidence": [],
    }
    assert stored.feedback_id == "sig_1"
    assert stored.service_warnings == ("Say what you expected.",)
    assert stored.extra["quality"] == {"score": 2}


def test_feedback_sends_what_it_is_given() -> None:
    service = Service(ok({"feedback_id": "sig_1"}))
    with client_of(service) as client:
        client.feedback.create(
            body="It hung.",
            severity="high",
            evidence=["trace:trace_1"],
            surface=["cli", "docs"],
            expected="a picture",
            actual="nothing",
            dedupe_key="hang",
            trace_id="trace_1",
            allow_weak_signal=True,
        )
    assert service.sent["evidence"] == ["trace:trace_1"]
    assert service.sent["allow_weak_signal"] is True
    assert (service.sent["expected"], service.sent["dedupe_key"]) == ("a picture", "hang")
    assert "title" not in service.sent


def test_feedback_without_words_is_never_sent() -> None:
    service = Service(ok({}))
    with client_of(service) as client, pytest.raises(ValueError, match="title or a body"):
        client.feedback.create(title="")
    assert service.requests == []


def test_feedback_is_not_repeated_when_its_storage_is_down() -> None:
    service = Service(refused("FEEDBACK_STORAGE_UNAVAILABLE", status=503, retryable=True))
    with client_of(service) as client, pytest.raises(ServiceFailed):
        client.feedback.create(title="Too slow")
    assert len(service.requests) == 1
