"""What many would build instead: Django's admin over the whole ledger, lean and as usual."""

from django.contrib.admin import AdminSite, ModelAdmin
from django.http import HttpRequest, HttpResponse

from dashboard.accounts.access import signed_in
from dashboard.activity.models import Event


class OpenSite(AdminSite):
    """Whoever is signed in may look: our people have no rights that the admin knows."""

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated


class LedgerAdmin(ModelAdmin):  # type: ignore[type-arg]
    """Fifty rows, the newest first: by the one order of all workspaces that has an index."""

    list_display = ("occurred_at", "type", "agent", "summary", "credits_delta")
    list_select_related = ("agent",)
    list_per_page = 50
    ordering = ("-pk",)

    def has_module_permission(self, _request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, _request: HttpRequest, _row: Event | None = None) -> bool:
        return True

    has_add_permission = has_change_permission = has_delete_permission = lambda *_: False


class LeanAdmin(LedgerAdmin):
    """The leanest that its options give: counted once, for the pages' numbers."""

    show_full_result_count = False


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
