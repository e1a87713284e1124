"""What many would build instead: Django's admin over the largest workspace's ledger, lean and as usual."""

from django.contrib.admin import AdminSite, ModelAdmin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from dashboard.accounts.access import signed_in
from dashboard.accounts.models import Workspace
from dashboard.activity.models import Event


class OpenSite(AdminSite):
    """Whoever is signed in may look: our people have no rights that the admin knows."""

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated


class Uncounted(Paginator):  # type: ignore[type-arg]
    """Takes the number of rows as known: counting them is most of what the leanest admin would do."""

    count = 1_000_000


class LedgerAdmin(ModelAdmin):  # type: ignore[type-arg]
    """Fifty rows by the index of the workspace."""

    list_display = ("occurred_at", "type", "agent", "summary", "credits_delta")
    list_select_related = ("agent",)
    list_per_page = 50
    ordering = ("-occurred_at", "-pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return super().get_queryset(request).filter(workspace=Workspace.objects.earliest("pk"))

    def has_module_permission(self, _request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, _request: HttpRequest, _row: Event | None = None) -> bool:
        return True

    has_add_permission = has_change_permission = has_delete_permission = lambda *_: False


class LeanAdmin(LedgerAdmin):
    """The leanest: nothing is counted."""

    show_full_result_count = False
    paginator = Uncounted


class UsualAdmin(LedgerAdmin):
    """As one writes it: two filters, a hierarchy of dates."""

    list_filter = ("type", "status")
    date_hierarchy = "occurred_at"


site = OpenSite()
site.register(Event, LeanAdmin)
_usual = UsualAdmin(Event, site)


@signed_in
def lean(request: HttpRequest) -> HttpResponse:
    return site.get_model_admin(Event).changelist_view(request)


@signed_in
def usual(request: HttpRequest) -> HttpResponse:
    return _usual.changelist_view(request)
