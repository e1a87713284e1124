"""Platform roles are given and taken on the command line; the log keeps both, and somebody always operates."""

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client as Browser

from dashboard.accounts.models import PlatformRole, User
from dashboard.accounts.services import LastOperator, platform_role_grant, platform_role_revoke
from dashboard.audit.models import AuditEntry
from tests.dashboard.agents.test_custody import at_once

pytestmark = pytest.mark.django_db


def revoke(*options: str) -> str:
    out = StringIO()
    call_command("revoke_platform_role", *options, stdout=out)
    return out.getvalue()


def test_role_that_is_taken_away_closes_its_pages_at_once_and_is_in_the_log(
    product_reviewer: User, browser_of: Callable[[User], Browser]
) -> None:
    browser = browser_of(product_reviewer)
    assert browser.get("/feedback/").status_code == 200
    assert "is no longer product_reviewer" in revoke("Rita@imageskill.test", "product_reviewer")
    assert browser.get("/feedback/").status_code == 403
    entry = AuditEntry.objects.get(action="platform_role.revoked")
    assert (entry.outcome, entry.subject_label, entry.actor_label) == ("done", "rita@imageskill.test", "system")
    assert (entry.before, entry.after) == (
        {"platform_roles": ["product_reviewer"]},
        {"platform_roles": []},
    )


def test_role_that_nobody_holds_changes_nothing(owner: User) -> None:
    assert "was not billing_admin" in revoke(owner.email, "billing_admin")
    assert not AuditEntry.objects.filter(action="platform_role.revoked").exists()


def test_stranger_is_named() -> None:
    with pytest.raises(CommandError, match="Nobody has signed up as nobody"):
        revoke("nobody@example.com", "operator")


def test_last_operator_stays_and_the_refusal_is_in_the_log(operator: User) -> None:
    with pytest.raises(CommandError, match="is the last operator"):
        revoke(operator.email, "operator")
    operator.refresh_from_db()
    assert operator.platform_roles == ["operator"]
    entry = AuditEntry.objects.get(action="platform_role.revoked")
    assert (entry.outcome, entry.reason) == ("refused", "the last operator")
    assert entry.before == entry.after == {"platform_roles": ["operator"]}
    assert "is no longer operator" in revoke(operator.email, "operator", "--force")
    operator.refresh_from_db()
    assert operator.platform_roles == []


def test_operator_who_cannot_sign_in_does_not_count_as_another(operator: User, owner: User) -> None:
    platform_role_grant(user=owner, role=PlatformRole.OPERATOR, actor=operator)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    with pytest.raises(LastOperator):
        platform_role_revoke(user=operator, role=PlatformRole.OPERATOR, actor=owner)


@pytest.mark.django_db(transaction=True)
def test_two_operators_who_are_taken_away_at_once_leave_one(operator: User, owner: User) -> None:
    platform_role_grant(user=owner, role=PlatformRole.OPERATOR, actor=operator)
    results = at_once(
        lambda: platform_role_revoke(user=owner, role=PlatformRole.OPERATOR, actor=operator),
        lambda: platform_role_revoke(user=operator, role=PlatformRole.OPERATOR, actor=owner),
    )
    assert sorted(type(one).__name__ for one in results) == ["LastOperator", "bool"]
    assert sum("operator" in one.platform_roles for one in User.objects.all()) == 1
