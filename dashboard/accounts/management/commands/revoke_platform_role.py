"""`manage.py revoke_platform_role`: takes away what grant_platform_role gave."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.accounts.models import PlatformRole, User
from dashboard.accounts.services import LastOperator, platform_role_revoke


class Command(BaseCommand):
    help = "Take a platform role from a person; the audit log keeps it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("role", choices=PlatformRole.values)
        parser.add_argument("--force", action="store_true", help="even from the last operator")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"Nobody has signed up as {options['email']}.")
        role = PlatformRole(options["role"])
        try:
            was_held = platform_role_revoke(user=user, role=role, actor=None, is_forced=options["force"])
        except LastOperator:
            raise CommandError(f"{user.email} is the last operator. Grant another, or use --force.") from None
        self.stdout.write(f"{user.email} {'is no longer' if was_held else 'was not'} {role.value}.")
