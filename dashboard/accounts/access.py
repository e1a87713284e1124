"""Who may open what. Every view carries exactly one of these decisions; AccessMiddleware refuses a view with none.

- `public`: anybody, signed in or not.
- `signed_in`: any signed-in person (their own profile, their landing page).
- `member(roles)`: a workspace page. An outsider gets 404, for a workspace that is not yours and one that is not
  there are the same answer; a member without one of `roles` gets 403.
- `platform(role)`: a page over all workspaces; everybody without the role gets 403.

A signed-out visitor of the last three is sent to sign in and comes back; a request for JSON or for a fragment gets 401.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase

from dashboard.accounts.models import Membership, PlatformRole, Role, User, Workspace
from dashboard.accounts.refusals import refusal_note
from dashboard.accounts.selectors import membership_list

View = Callable[..., HttpResponseBase]

EVERY_ROLE = frozenset(Role)
MAY_BUY = frozenset({Role.OWNER, Role.BUYER})
MAY_STOP = MAY_BUY
MAY_ASK = MAY_BUY
# Tag assets, and take them out of sight in the gallery.
MAY_CURATE = MAY_BUY
OWNER_ONLY = frozenset({Role.OWNER})


@dataclass(frozen=True)
class Decision:
    """What a view asks of its visitor; read by the middleware, the navigation and the access tests."""

    kind: str
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Scope:
    """The workspace of this request and what its visitor may do in it."""

    workspace: Workspace
    role: Role
    user: User

    def may(self, roles: Iterable[Role]) -> bool:
        return self.role in roles


def viewer(request: HttpRequest) -> User:
    """Return the signed-in person; only behind a decision that asks for one."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def decided(view: View, decision: Decision) -> View:
    """Attach a decision to a view that is not ours to decorate (a third-party one, taken as it is)."""
    view.access = decision  # type: ignore[attr-defined]
    return view


def public(view: View) -> View:
    return decided(view, Decision("public"))


def _sign_in(request: HttpRequest) -> HttpResponse:
    if request.headers.get("X-Fragment") or "text/html" not in request.headers.get("Accept", "*/*text/html"):
        return HttpResponse("Sign in first.", status=401, content_type="text/plain")
    return redirect_to_login(request.get_full_path())


def signed_in(view: View) -> View:
    @wraps(view)
    def inner(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _sign_in(request)
        return view(request, *args, **kwargs)

    return decided(inner, Decision("signed_in"))


def platform(role: PlatformRole) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def inner(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _sign_in(request)
            user = viewer(request)
            if role not in user.platform_roles:
                refusal_note(request, user, workspace=None, reason=f"Not {role.label.lower()}")
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return decided(inner, Decision("platform", frozenset({role})))

    return decorate


def scope_get(request: HttpRequest, workspace_key: str) -> Scope:
    """Return the visitor's scope in a workspace; raises Http404 for an outsider, and audits who they are."""
    user = viewer(request)
    memberships: list[Membership] = membership_list(user)
    for membership in memberships:
        if membership.workspace.key == workspace_key:
            return Scope(membership.workspace, Role(membership.role), user)
    workspace = Workspace.objects.filter(key=workspace_key).first()
    if workspace:
        refusal_note(request, user, workspace=workspace, reason="No member of this workspace")
    raise Http404


def member(roles: frozenset[Role] = EVERY_ROLE) -> Callable[[View], View]:
    """Decide a workspace page: its view takes `(request, scope, ...)` for a URL with `<workspace_key>`."""

    def decorate(view: View) -> View:
        @wraps(view)
        def inner(request: HttpRequest, workspace_key: str, **kwargs: object) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _sign_in(request)
            scope = scope_get(request, workspace_key)
            if scope.role not in roles:
                refusal_note(
                    request, scope.user, workspace=scope.workspace, reason=f"Not for a {scope.role.label.lower()}"
                )
                raise PermissionDenied
            request.scope = scope  # type: ignore[attr-defined]
            return view(request, scope, **kwargs)

        return decided(inner, Decision("member", frozenset(roles)))

    return decorate
