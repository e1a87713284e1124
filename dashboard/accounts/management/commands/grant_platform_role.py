"""`manage.py grant_platform_role`: how the first platform role comes into a fresh installation."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.accounts.models import PlatformRole, User
from dashboard.accounts.services import platform_role_grant


class Command(BaseCommand):
    help = "Give a person a platform role; the audit log keeps it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("role", choices=PlatformRole.values)

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"Nobody has signed up as {options['email']}.")
        is_new = platform_role_grant(user=user, role=PlatformRole(options["role"]), actor=None)
        self.stdout.write(f"{user.email} {'is now' if is_new else 'was already'} {options['role']}.")
