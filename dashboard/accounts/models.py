"""People, their workspaces and their roles."""

import secrets
import uuid
import zoneinfo
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models

# No vowels and no look-alikes: a key never spells a word and can be read out.
KEY_ALPHABET = "23456789bcdfghjkmnpqrstvwxyz"


def workspace_key() -> str:
    return "".join(secrets.choice(KEY_ALPHABET) for _ in range(10))


def validate_time_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError("Choose a time zone of the list.")


class PlatformRole(models.TextChoices):
    """Roles over all workspaces, held by the people who run the service."""

    PRODUCT_REVIEWER = "product_reviewer", "Product reviewer"
    BILLING_ADMIN = "billing_admin", "Platform billing admin"
    OPERATOR = "operator", "Operator"
    # Held beside PRODUCT_REVIEWER, it opens what was made private; it has no page of its own.
    SECURITY_REVIEWER = "security", "Security reviewer"


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":  # noqa: ANN401
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser):
    """A person. `platform_roles` holds values of PlatformRole; workspace roles are memberships."""

    class Theme(models.TextChoices):
        SYSTEM = "system", "Follow the system"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    theme = models.CharField(max_length=8, choices=Theme, default=Theme.SYSTEM)
    platform_roles = models.JSONField(default=list, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        return self.name or self.email


class Workspace(models.Model):
    """A sponsor's team: it holds agents, members and their roles."""

    key = models.CharField(max_length=16, unique=True, default=workspace_key, editable=False)
    name = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """Workspace roles, the strongest first."""

    OWNER = "owner", "Owner"
    BUYER = "buyer", "Buyer"
    VIEWER = "viewer", "Viewer"


class Membership(models.Model):
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="accounts_one_membership_a_workspace"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="accounts_membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.workspace}"


class Invitation(models.Model):
    """An offer of a role to one address. Of its link only the keyed hash is kept; `expires_at` ends it unmarked."""

    class State(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        REVOKED = "revoked"
        SUPERSEDED = "superseded"

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=8, choices=Role)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "email"],
                condition=models.Q(state="open"),
                name="accounts_one_open_invitation_an_address",
            )
        ]
        indexes = [
            models.Index(fields=["email", "created_at"], name="accounts_invited_recently"),
            models.Index(fields=["invited_by", "created_at"], name="accounts_inviter_recently"),
        ]

    def __str__(self) -> str:
        return f"{self.email} may become {self.role} of {self.workspace}"


class Handover(models.Model):
    """An owner's offer to a member to own the workspace in their place."""

    class State(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        WITHDRAWN = "withdrawn"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="handovers")
    giver = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    taker = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace"], condition=models.Q(state="open"), name="accounts_one_open_handover"
            )
        ]

    def __str__(self) -> str:
        return f"{self.giver} offers {self.workspace} to {self.taker}"
