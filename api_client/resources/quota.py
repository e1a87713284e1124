"""GET /v1/quota (contract 2.5)."""

from api_client.records.quota import Quota as QuotaRecord
from api_client.resources.base import Resource
from api_client.retry import Repeat
from api_client.transport import Call


class Quota(Resource):
    """What the agent may still spend."""

    def get(self) -> QuotaRecord:
        """GET /v1/quota."""
        return self._record(QuotaRecord, Call("GET", "/v1/quota", repeat=Repeat.READ))
