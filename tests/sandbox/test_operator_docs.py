"""The operator's and the faults' sections of docs/hosted-api.md are true: each example is played."""

import json
import re
from typing import Any

from sandbox import faults, mischief
from sandbox.views.operator import urlpatterns
from tests.sandbox.fixtures import Caller
from tests.sandbox.test_docs import PAGE, has_shape
from tests.sandbox.test_operator_money import bought, payment_of, press
from tests.sandbox.test_telemetry import FIELDS

OPERATOR = PAGE.partition("\n## Operator extension\n")[2].partition("\n## ")[0]
FAULTS = PAGE.partition("\n## Faults\n")[2].partition("\n## ")[0]


def blocks(text: str) -> list[Any]:
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)\n```", text, re.DOTALL)]


def examples() -> list[tuple[str, str, list[Any]]]:
    parts = re.split(r"^### `(GET|POST) (\S+)`$", OPERATOR, flags=re.MULTILINE)[1:]
    return [
        (method, path, blocks(text)) for method, path, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    ]


def test_every_example_is_answered_as_documented(operator: Caller, agent: Caller) -> None:
    agent.post("/v1/agent-claims", {"contact": "owner@example.com"})
    press(agent, bought(agent))
    feedback = agent.post("/v1/feedback", {"title": "Seed is ignored", "evidence": ["trace:trace_1"]})
    known = {
        "agent_id": agent.get("/v1/whoami").data["actor"]["actor_id"],
        "feedback_id": feedback.data["feedback_id"],
        "attempt_id": payment_of(operator, agent)["payment_attempt_id"],
    }
    for method, path, (*request, shown) in examples():
        where = path.format(**known)
        answer = operator.get(where) if method == "GET" else operator.post(where, request[0])
        assert has_shape(answer.data, shown), f"{method} {path}: {json.dumps(answer.data, indent=1)}"
        if method == "POST" and "agent" in shown:
            assert answer.data["agent"]["claim_state"] == shown["agent"].get("claim_state", "unclaimed")


def test_every_path_has_an_example() -> None:
    shown = {re.sub(r"\?.*", "", path) for _, path, _ in examples()}
    served = {"/operator/v1/" + re.sub(r"<str:(\w+)>", r"{\1}", str(entry.pattern)) for entry in urlpatterns}
    assert shown == served


def test_every_fault_is_documented_with_its_options() -> None:
    for kind, options in mischief.KINDS.items():
        (row,) = [line for line in FAULTS.splitlines() if line.startswith(f"| `{kind}` |")]
        assert row.split("|")[2].strip() == ", ".join(f"`{name}` {default}" for name, default in options.items())
    (example,) = blocks(FAULTS)
    assert faults.read_rule(example).row()["nth"] == 3


def test_every_field_of_the_log_line_is_documented(agent: Caller) -> None:
    response = agent.get("/v1/whoami").response
    assert response.status_code == 200
    text = PAGE.partition("\n## Log lines\n")[2].partition("\n## ")[0]
    assert [name for name in sorted(FIELDS) if f"`{name}`" not in text] == []
