"""What reviewers add to a cluster: notes, points proved, links to a tracker, a word to billing, erased text."""

from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from dashboard.accounts.models import PlatformRole, User
from dashboard.accounts.selectors import platform_holder_list
from dashboard.feedback.deciding import FeedbackRefused, clusters_seen_by, touch
from dashboard.feedback.history import change_record
from dashboard.feedback.intake import intake_lock
from dashboard.feedback.keys import keys_renew
from dashboard.feedback.mails import goodwill_mail
from dashboard.feedback.models import Change, Cluster, Goodwill, Note, Report, TrackerLink
from dashboard.feedback.standing import cluster_reckon

TEXTS = ("title", "body", "command", "expected", "actual", "friction", "proof_needed", "strategic_reason")


@transaction.atomic
def note_add(cluster_id: int, *, text: str, user: User) -> Note:
    """Keep a note; of two at once both are kept, so no version is asked."""
    cluster = _latest(cluster_id, user)
    note = Note.objects.create(cluster=cluster, author=user, text=text, at=timezone.now())
    _record(cluster, Change.Kind.NOTED, user, {"note": note.pk})
    return note


@transaction.atomic
def proof_tick(cluster_id: int, *, proof_id: int, is_done: bool, user: User) -> None:
    """Tick one point of what would prove a report, or take the tick back."""
    cluster = _latest(cluster_id, user)
    proof = cluster.proofs.filter(pk=proof_id).first()
    if proof is None or bool(proof.done_at) == is_done:
        return
    proof.done_by, proof.done_at = (user, timezone.now()) if is_done else (None, None)
    proof.save()
    cluster.proofs_open = cluster.proofs.filter(done_at=None).count()
    _record(cluster, Change.Kind.PROOF, user, {"point": proof.text, "proved": is_done})


def tracker_may_link(url: str) -> bool:
    """Tell whether an address may become a link: https, and a host of FEEDBACK_TRACKER_HOSTS alone."""
    try:
        parts = urlsplit(url)
        is_plain = parts.scheme == "https" and not parts.username and not parts.password and parts.port in (None, 443)
    except ValueError:
        return False
    is_clean = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    return is_clean and is_plain and parts.hostname in settings.FEEDBACK_TRACKER_HOSTS


@transaction.atomic
def tracker_add(cluster_id: int, *, url: str, user: User) -> TrackerLink:
    """Link a cluster to where it is worked on; raises FeedbackRefused for an address that is not on the list."""
    if not tracker_may_link(url):
        hosts = ", ".join(settings.FEEDBACK_TRACKER_HOSTS)
        raise FeedbackRefused(f"Only https addresses of these hosts become links: {hosts}.")
    cluster = _latest(cluster_id, user)
    kept = {"added_by": user, "added_at": timezone.now()}
    link, is_new = TrackerLink.objects.get_or_create(cluster=cluster, url=url, defaults=kept)
    if is_new:
        _record(cluster, Change.Kind.TRACKED, user, {"url": url})
    return link


@transaction.atomic
def goodwill_write(cluster_id: int, *, workspace_id: int, text: str, user: User) -> Goodwill:
    """Tell billing that a sponsor hit by this deserves something; raises FeedbackRefused for one that was not hit."""
    cluster = _latest(cluster_id, user)
    hit = cluster.reports.filter(workspace_id=workspace_id).select_related("workspace").first()
    if hit is None or hit.workspace is None:
        raise FeedbackRefused("No agent of this sponsor reported it.")
    goodwill = Goodwill.objects.create(
        cluster=cluster,
        workspace=hit.workspace,
        agent_remote_id=hit.agent_remote_id,
        text=text,
        written_by=user,
        written_at=timezone.now(),
    )
    for person in platform_holder_list(PlatformRole.BILLING_ADMIN):
        goodwill_mail(goodwill, person)
    _record(cluster, Change.Kind.GOODWILL, user, {"workspace": hit.workspace.name})
    return goodwill


@transaction.atomic
def report_erase(cluster_id: int, *, remote_id: str, user: User, why: str) -> None:
    """Forget what a report says, for good: whose it is and what became of it stay. Raises FeedbackRefused."""
    intake_lock()
    cluster = _latest(cluster_id, user)
    report = cluster.reports.filter(remote_id=remote_id, erased_at=None).first()
    if report is None:
        raise FeedbackRefused("This report is not there, or its text is erased already.")
    text_erase(report)
    if cluster.title:
        other = cluster.reports.filter(erased_at=None).exclude(title="").order_by("pk").first()
        cluster.title = other.title if other else ""
    keys_renew(cluster)
    _record(cluster, Change.Kind.ERASED, user, {"report": report.remote_id}, why=why)


def text_erase(report: Report) -> None:
    """Empty everything that an agent wrote in a report; saved."""
    for name in TEXTS:
        setattr(report, name, "")
    report.surface, report.evidence, report.cited, report.answer = [], [], [], None
    report.dedupe_key = report.source = report.error_code = report.trace_id = ""
    report.has_text, report.erased_at = False, timezone.now()
    report.save()


def _latest(cluster_id: int, user: User) -> Cluster:
    """Return a cluster for adding to it, locked, whatever was decided meanwhile; raises Cluster.DoesNotExist."""
    return clusters_seen_by(user).select_for_update(of=("self",)).get(pk=cluster_id)


def _record(cluster: Cluster, kind: Change.Kind, user: User, after: dict[str, object], *, why: str = "") -> None:
    touch(cluster)
    cluster_reckon(cluster, now=timezone.now())
    change_record(cluster, kind, by=user, why=why, after=after)
