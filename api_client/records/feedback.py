"""What agents report (contract 2.23). The text itself can never be read back."""

from api_client.records.base import Answer, Id


class Feedback(Answer):
    """Feedback that was stored; the service's advice on its quality is in `extra` and `service_warnings`."""

    feedback_id: Id
