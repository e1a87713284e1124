"""`manage.py sync`: the same service as the background worker, without Celery."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.agents.models import Claim
from dashboard.sync.pipeline import agent_sync


class Command(BaseCommand):
    help = "Read one linked agent, or all of them, from the hosted API now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--agent", help="an agent's id (agt_...); without it, every linked agent")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401
        claims = Claim.objects.filter(released_at=None).select_related("agent").order_by("pk")
        if options["agent"]:
            claims = claims.filter(agent__remote_id=options["agent"])
            if not claims:
                raise CommandError(f"No linked agent has the id {options['agent']}.")
        for claim in claims:
            result = "fresh" if agent_sync(claim.agent_id, is_forced=True) else "not read, see the health page"
            self.stdout.write(f"{claim.agent.remote_id}: {result}")
