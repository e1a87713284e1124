from typing import ClassVar

from django.apps import AppConfig

from dashboard.lib.sealing import SealedColumn


class AgentsConfig(AppConfig):
    name = "dashboard.agents"
    sealed_columns: ClassVar = [
        SealedColumn("agents.claim", "agents.Claim", "token_sealed"),
        SealedColumn("agents.claim_attempt", "agents.ClaimAttempt", "token_sealed"),
    ]
