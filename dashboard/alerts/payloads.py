"""What a webhook is told, as JSON: figures and words of ours, names, and never a text, token or contact."""

import json
from datetime import UTC, datetime

from django.conf import settings

from dashboard.accounts.models import Workspace
from dashboard.alerts.models import Crossing, Delivery
from dashboard.alerts.wording import Told, crossing_told

TEST = "test"


def delivery_body(delivery: Delivery) -> bytes | None:
    """Return the body of a delivery, the same for each try; None for a kind that is not known any more."""
    crossing = delivery.crossing
    told = crossing_told(crossing)
    return _bytes({**_head(crossing), "alert": _alert(crossing, told)}) if told else None


def trial_body(workspace: Workspace, *, at: datetime) -> bytes:
    """Return the body of a test: what it says about itself, and no alert."""
    return _bytes(
        {"id": TEST, "type": TEST, "created_at": _moment(at), "workspace": _workspace(workspace), "alert": None}
    )


def event_id(crossing: Crossing) -> str:
    """Return the id by which a receiver knows that it has seen a message: one for all tries, and for "Send again"."""
    return f"{crossing.alert.key}-{crossing.number}"


def _head(crossing: Crossing) -> dict[str, object]:
    workspace = crossing.alert.workspace
    return {
        "id": event_id(crossing),
        "type": f"alert.{crossing.change}",
        "created_at": _moment(crossing.at),
        "workspace": _workspace(workspace) if workspace else None,
    }


def _alert(crossing: Crossing, told: Told) -> dict[str, object]:
    alert = crossing.alert
    return {
        "id": str(alert.key),
        "kind": alert.kind,
        "number": crossing.number,
        "level": crossing.level,
        "figures": crossing.figures,
        "sentence": told.said.sentence,
        "subject": {"id": alert.subject_id, "name": alert.subject_label},
        "agent_id": alert.agent.remote_id if alert.agent else None,
        "opened_at": _moment(alert.opened_at),
        "url": settings.DASHBOARD_URL + told.said.path,
    }


def _workspace(workspace: Workspace) -> dict[str, str]:
    return {"key": workspace.key, "name": workspace.name}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _bytes(told: dict[str, object]) -> bytes:
    return json.dumps(told, separators=(",", ":"), sort_keys=True).encode()
