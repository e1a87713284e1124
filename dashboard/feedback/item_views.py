"""One cluster: what was reported, what backs it, what was decided, and the presses on it."""

from collections.abc import Callable
from functools import wraps

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from dashboard.accounts.access import platform, viewer
from dashboard.accounts.models import PlatformRole, User
from dashboard.assets.media_views import HEADERS
from dashboard.audit.services import audit_record
from dashboard.feedback.answering import cluster_answer
from dashboard.feedback.chart import trend_points
from dashboard.feedback.deciding import FeedbackRefused, Pick, Stale, sees_private
from dashboard.feedback.forms import STATES, SplitForm
from dashboard.feedback.issue_text import issue_text
from dashboard.feedback.item import cluster_get, hold_take, item_get
from dashboard.feedback.item_forms import AnswerForm, EraseForm, GoodwillForm, NoteForm, ProofForm, TrackerForm
from dashboard.feedback.merging import reports_split
from dashboard.feedback.models import Cluster
from dashboard.feedback.pictures import picture_open
from dashboard.feedback.remarks import goodwill_write, note_add, proof_tick, report_erase, tracker_add, tracker_may_link
from dashboard.feedback.rows import item_row
from dashboard.feedback.views import stale_text
from dashboard.remote import has_operator

Press = Callable[[HttpRequest, User, Cluster], str]


@platform(PlatformRole.PRODUCT_REVIEWER)
@require_GET
def item(request: HttpRequest, cluster_id: int) -> HttpResponse:
    user = viewer(request)
    cluster = cluster_get(user, cluster_id)
    found = item_get(cluster, user=user, report_id=request.GET.get("report", ""))
    hit = sponsors_hit(cluster)
    context = {
        "item": found,
        "cluster": cluster,
        "row": item_row(cluster),
        "lead": found.lead,
        "trend": trend_points(found.trend),
        "states": STATES,
        "has_operator": has_operator(),
        "sees_private": sees_private(user),
        "is_mine": cluster.assignee_id == user.pk,
        "others_hold": found.hold and found.hold.user_id != user.pk,
        "notes": cluster.notes.select_related("author").order_by("-pk")[:50],
        "answer": cluster.answers.select_related("author").order_by("-pk").first(),
        "links": cluster.tracker_links.select_related("added_by").order_by("pk"),
        "issues": [(url, tracker_may_link(url)) for url in found.lead.github_issues],
        "note_form": NoteForm(),
        "answer_form": AnswerForm(initial={"version": cluster.version}),
        "tracker_form": TrackerForm(),
        "goodwill_form": GoodwillForm(workspaces=hit) if hit else None,
        "erase_form": EraseForm(initial={"report": found.lead.remote_id}),
        "sponsors": hit,
    }
    return render(request, "feedback/item.html", context)


def sponsors_hit(cluster: Cluster) -> list[tuple[int, str]]:
    """Return the workspaces whose agents reported it, by number and name."""
    hit = cluster.reports.exclude(workspace=None).order_by("workspace__name")
    return list(hit.values_list("workspace_id", "workspace__name").distinct()[:50])


def pressed(act: Press) -> Callable[..., HttpResponse]:
    """Make a view of one press on a cluster: it says what was done, or why not, and leads back to the cluster."""

    @platform(PlatformRole.PRODUCT_REVIEWER)
    @require_POST
    @wraps(act)
    def view(request: HttpRequest, cluster_id: int) -> HttpResponse:
        user = viewer(request)
        cluster = cluster_get(user, cluster_id)
        try:
            messages.success(request, act(request, user, cluster))
        except FeedbackRefused as refusal:
            messages.error(request, str(refusal))
        except Stale as stale:
            messages.warning(request, stale_text(stale, user))
        except Cluster.DoesNotExist as gone:
            raise Http404 from gone
        return redirect("feedback:item", cluster_id)

    return view  # type: ignore[return-value]


def valid(form: forms.Form) -> forms.Form:
    """Return a form that holds what it must; raises FeedbackRefused with what is wrong."""
    if not form.is_valid():
        raise FeedbackRefused(" ".join(str(error) for errors in form.errors.values() for error in errors))
    return form


@platform(PlatformRole.PRODUCT_REVIEWER)
@require_POST
def hold(request: HttpRequest, cluster_id: int) -> HttpResponse:
    """Tell colleagues that somebody looks at it; the page says so again and again while it is open."""
    user = viewer(request)
    hold_take(cluster_get(user, cluster_id), user)
    return HttpResponse(status=204) if request.headers.get("X-Fragment") else redirect("feedback:item", cluster_id)


@pressed
def note(request: HttpRequest, user: User, cluster: Cluster) -> str:
    note_add(cluster.pk, text=valid(NoteForm(request.POST)).cleaned_data["text"], user=user)
    return "The note is kept."


@pressed
def answer(request: HttpRequest, user: User, cluster: Cluster) -> str:
    said = valid(AnswerForm(request.POST)).cleaned_data
    pick = Pick(cluster.pk, said.pop("version"))
    made = cluster_answer(pick, user=user, **said)
    return (
        "The answer is on its way to the agents." if made.is_deliverable else "Kept as a note: nobody can deliver it."
    )


@pressed
def proof(request: HttpRequest, user: User, cluster: Cluster) -> str:
    said = valid(ProofForm(request.POST)).cleaned_data
    proof_tick(cluster.pk, proof_id=said["proof"], is_done=said["is_done"], user=user)
    return "Proved." if said["is_done"] else "Not proved any more."


@pressed
def split(request: HttpRequest, user: User, cluster: Cluster) -> str:
    own = list(cluster.reports.values_list("pk", flat=True))
    said = valid(SplitForm(request.POST, report_ids=own)).cleaned_data
    pick = Pick(cluster.pk, said["version"])
    made = reports_split(pick, report_ids=said["report"], user=user, why=said["why"])
    return f"{len(said['report'])} reports are in {made.label} now."


@pressed
def tracker(request: HttpRequest, user: User, cluster: Cluster) -> str:
    tracker_add(cluster.pk, url=valid(TrackerForm(request.POST)).cleaned_data["url"], user=user)
    return "Linked."


@pressed
def goodwill(request: HttpRequest, user: User, cluster: Cluster) -> str:
    said = valid(GoodwillForm(request.POST, workspaces=sponsors_hit(cluster))).cleaned_data
    goodwill_write(cluster.pk, workspace_id=said["workspace"], text=said["text"], user=user)
    return "Billing is told."


@pressed
def erase(request: HttpRequest, user: User, cluster: Cluster) -> str:
    said = valid(EraseForm(request.POST)).cleaned_data
    report_erase(cluster.pk, remote_id=said["report"], user=user, why=said["why"])
    return "What it said is erased."


@platform(PlatformRole.PRODUCT_REVIEWER)
@require_POST
def picture(request: HttpRequest, cluster_id: int) -> HttpResponseBase:
    """Answer with a picture that a report cites. A look is a press, so that each stands in the log."""
    user = viewer(request)
    cited = {"report_id": request.POST.get("report", ""), "asset_id": request.POST.get("asset", "")}
    file = picture_open(cluster_get(user, cluster_id), user=user, **cited)
    answer = FileResponse(file, content_type="image/webp")
    # Kept by nobody: another look is another entry.
    for name, value in {**HEADERS, "Cache-Control": "no-store"}.items():
        answer[name] = value
    return answer


@platform(PlatformRole.PRODUCT_REVIEWER)
@require_POST
def issue_text_file(request: HttpRequest, cluster_id: int) -> HttpResponse:
    """Answer with a cluster as the text of an issue; audited like every export."""
    user = viewer(request)
    cluster = cluster_get(user, cluster_id)
    found = item_get(cluster, user=user)
    audit_record(
        action="feedback.exported",
        actor=user,
        subject=("feedback", cluster.label, cluster.label),
        after={"kind": "markdown"},
    )
    answer = HttpResponse(issue_text(cluster, found.lead, found.reports), content_type="text/markdown; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{cluster.label}.md"'
    return answer
