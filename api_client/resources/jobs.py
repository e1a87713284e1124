"""GET /v1/jobs/{id} (contract 2.21). There is no list of jobs: ids come from the activity ledger."""

from api_client.records.work import Job
from api_client.resources.base import Resource
from api_client.retry import Repeat
from api_client.transport import Call
from api_client.urls import segment


class Jobs(Resource):
    """The state of work."""

    def get(self, job_id: str) -> Job:
        """GET /v1/jobs/{id}."""
        return self._record(Job, Call("GET", f"/v1/jobs/{segment(job_id)}", repeat=Repeat.READ), at="job")
