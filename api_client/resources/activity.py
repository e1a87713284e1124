"""The activity ledger (contract 2.22): `limit` and `subject`, no cursor, no stated order."""

from api_client.records.activity import ActivityPage
from api_client.resources.base import Resource
from api_client.retry import Repeat
from api_client.transport import Call
from api_client.urls import segment


class Activity(Resource):
    """The only way to enumerate what an agent did."""

    def list(self, *, limit: int | None = None, subject: str | None = None) -> ActivityPage:
        """GET /v1/activity. A limit above the service's maximum is clamped there, so a short page may be the whole."""
        if limit is not None and limit < 1:
            raise ValueError("a limit is at least 1")
        params = {"limit": str(limit)} if limit is not None else {}
        if subject is not None:
            params["subject"] = subject
        return self._record(ActivityPage, Call("GET", "/v1/activity", params=params, repeat=Repeat.READ))

    def get(self, ref: str) -> ActivityPage:
        """GET /v1/activity/{ref}: by event, job, asset, usage, feedback or trace id."""
        return self._record(ActivityPage, Call("GET", f"/v1/activity/{segment(ref)}", repeat=Repeat.READ))
