"""The demo's people: one for each role, with a sign-in link that works once."""

import secrets
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from dashboard.accounts.models import Membership, PlatformRole, Role, User, Workspace
from dashboard.accounts.services import membership_add, platform_role_grant, workspace_create
from dashboard.local.models import SignInLink


@dataclass(frozen=True)
class DemoPerson:
    title: str
    name: str
    email: str
    role: Role | PlatformRole


PEOPLE = (
    DemoPerson("sponsor", "Ana Sponsor", "ana@demo.test", Role.OWNER),
    DemoPerson("buyer", "Ben Buyer", "ben@demo.test", Role.BUYER),
    DemoPerson("viewer", "Vic Viewer", "vic@demo.test", Role.VIEWER),
    DemoPerson("product reviewer", "Rio Reviewer", "rio@demo.test", PlatformRole.PRODUCT_REVIEWER),
    DemoPerson("platform billing admin", "Bea Billing", "bea@demo.test", PlatformRole.BILLING_ADMIN),
    DemoPerson("operator", "Odo Operator", "odo@demo.test", PlatformRole.OPERATOR),
)


def people_ensure() -> Workspace:
    """Make whoever of the demo's people is missing; return their workspace."""
    with transaction.atomic():
        users = {person: _user_ensure(person) for person in PEOPLE}
        owner = users[PEOPLE[0]]
        held = Membership.objects.filter(user=owner).select_related("workspace").first()
        workspace = held.workspace if held else workspace_create(owner=owner, name="Northlight Studio")
        for person, user in users.items():
            if isinstance(person.role, PlatformRole):
                platform_role_grant(user=user, role=person.role, actor=None)
            elif not Membership.objects.filter(user=user, workspace=workspace).exists():
                membership_add(workspace=workspace, user=user, role=person.role, actor=owner)
    return workspace


def _user_ensure(person: DemoPerson) -> User:
    user = User.objects.filter(email=person.email).first()
    user = user or User.objects.create_user(email=person.email, name=person.name)
    EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    return user


def link_make(user: User) -> str:
    """Return an address that signs this person in once; on localhost, since passkeys refuse IP hosts."""
    token = secrets.token_urlsafe(24)
    SignInLink.objects.create(token_hash=_hash(token), user=user)
    return f"{settings.DASHBOARD_URL}{reverse('local:sign_in', args=[token])}"


def link_get(token: str) -> SignInLink | None:
    """Return a link that was not used yet."""
    return SignInLink.objects.select_related("user").filter(token_hash=_hash(token), used_at=None).first()


def link_use(token: str) -> User | None:
    """Use a link up and return whom it signs in; None when it is unknown or was used."""
    if not SignInLink.objects.filter(token_hash=_hash(token), used_at=None).update(used_at=timezone.now()):
        return None
    return SignInLink.objects.select_related("user").get(token_hash=_hash(token)).user


def _hash(token: str) -> str:
    return salted_hmac("dashboard.local.sign_in", token, algorithm="sha256").hexdigest()
