"""What can be exported: each app registers its kinds, with the producer of their pieces, when it is ready."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from dashboard.accounts.access import EVERY_ROLE
from dashboard.accounts.models import Membership, PlatformRole, Role, User, Workspace
from dashboard.lib.export import Piece


@dataclass(frozen=True)
class Order:
    """What a producer is asked for, in the time zone of whoever asked (`Export` tells what each is)."""

    user: User
    workspace: Workspace | None
    parameters: Mapping[str, str]
    upto: int | None


@dataclass(frozen=True)
class Product:
    """A file being made. `pieces` come one by one, and no more than one is held; `rows_total` None: not known."""

    file_name: str
    content_type: str
    pieces: Iterator[Piece]
    rows_total: int | None = None


@dataclass(frozen=True)
class ExportKind:
    """One kind of file: what it and its rows are called, who may have it, who makes it.

    `roles` are those of the export's workspace; one over all workspaces is for `platform_roles`.
    """

    name: str
    label: str
    rows_name: str
    produce: Callable[[Order], Product]
    roles: frozenset[Role] = EVERY_ROLE
    platform_roles: frozenset[PlatformRole] = frozenset()

    def is_for(self, user: User, workspace: Workspace | None) -> bool:
        """Tell whether a person may have it as things stand now: when it is asked for, made and fetched."""
        if not user.is_active:
            return False
        if workspace is None:
            return not self.platform_roles.isdisjoint(user.platform_roles)
        return Membership.objects.filter(workspace=workspace, user=user, role__in=self.roles).exists()


KINDS: dict[str, ExportKind] = {}


def kind_register(kind: ExportKind) -> ExportKind:
    """Make a kind known, from a module that its app imports when it is ready; returns the kind.

    Raises ValueError for a name that another kind has.
    """
    if KINDS.setdefault(kind.name, kind) != kind:
        raise ValueError(f"Two kinds of export are called {kind.name}.")
    return kind
