"""What the service advises after an error (contract 1.2)."""

from api_client.records.base import JsonObject, Record, SafeText, SafeTexts, Seconds, Word


class Recovery(Record):
    """Advice as data: prefer it over the message. Commands are text for agents, never run by us.

    `top_up` has the shape of contract 3.5.
    """

    required_flag: Word | None = None
    suggested_command: SafeText | None = None
    suggested_commands: SafeTexts = ()
    docs_url: SafeText | None = None
    retry_after_seconds: Seconds | None = None
    idempotency_key: Word | None = None
    top_up: JsonObject | None = None
