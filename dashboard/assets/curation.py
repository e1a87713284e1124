"""What people do with assets here: tags, and out of sight. Neither reaches Image Skill, and nothing is deleted.

Each takes a query of assets of one workspace, so that one and all of a filter are the same act.
"""

from collections.abc import Callable

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.assets.models import Asset, AssetTag
from dashboard.assets.selectors import asset_list
from dashboard.audit.services import audit_record

BATCH = 1_000
Act = Callable[[QuerySet[Asset]], int]


def tag_add(*, workspace: Workspace, assets: QuerySet[Asset], name: str, user: User) -> int:
    """Give assets a tag; return how many had it not yet."""
    name = name.casefold()

    def add(found: QuerySet[Asset]) -> int:
        wanted = list(found.exclude(tags__name=name).values_list("pk", flat=True))
        rows = [AssetTag(workspace=workspace, asset_id=pk, name=name) for pk in wanted]
        AssetTag.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
        return len(rows)

    return _act("asset.tagged", add, workspace=workspace, assets=assets, user=user, tag=name)


def tag_remove(*, workspace: Workspace, assets: QuerySet[Asset], name: str, user: User) -> int:
    """Take a tag away from assets; return from how many."""
    name = name.casefold()

    def remove(found: QuerySet[Asset]) -> int:
        tags = AssetTag.objects.filter(workspace=workspace, name=name, asset__in=found.values("pk"))
        return tags.delete()[0]

    return _act("asset.untagged", remove, workspace=workspace, assets=assets, user=user, tag=name)


def assets_hide(*, workspace: Workspace, assets: QuerySet[Asset], user: User) -> int:
    """Take assets out of sight in this workspace's gallery; return how many were in sight."""

    def hide(found: QuerySet[Asset]) -> int:
        return found.filter(hidden_at=None).update(hidden_at=timezone.now())

    return _act("asset.hidden", hide, workspace=workspace, assets=assets, user=user)


def assets_show(*, workspace: Workspace, assets: QuerySet[Asset], user: User) -> int:
    """Bring hidden assets back into the gallery; return how many."""

    def show(found: QuerySet[Asset]) -> int:
        return found.exclude(hidden_at=None).update(hidden_at=None)

    return _act("asset.shown", show, workspace=workspace, assets=assets, user=user)


def _act(action: str, act: Act, *, workspace: Workspace, assets: QuerySet[Asset], user: User, **after: str) -> int:
    """Do it and audit it together; what changed nothing is no entry."""
    with transaction.atomic():
        # Plain rows of the workspace: a filter's joins stay inside, and nothing of another workspace can be meant.
        found = asset_list(workspace).filter(pk__in=assets.order_by().values("pk"))
        first = found.order_by("pk").values_list("remote_id", flat=True).first() or ""
        changed = act(found)
        if changed:
            label = first if changed == 1 else f"{changed} assets"
            audit_record(
                action=action,
                actor=user,
                workspace_id=workspace.pk,
                subject=("asset", first, label),
                after={"assets": changed, **after},
            )
    return changed
