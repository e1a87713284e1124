"""The list of jobs and its filter, which lives in the page's address."""

from collections.abc import Mapping

from django import forms
from django.db.models import Q, QuerySet

from dashboard.agents.forms import AgentFilterForm
from dashboard.assets.job_lines import JobLine
from dashboard.assets.models import Job, Reading
from dashboard.assets.selectors import job_list
from dashboard.catalog.selectors import models_find
from dashboard.lib.paging import Page, page_of_lines

PAGE_SIZE = 50
OPERATIONS = [("", "Any"), ("create", "Create"), ("edit", "Edit"), ("upload", "Upload")]
# What the address says, and which jobs that are.
STATES: Mapping[str, tuple[str, Q]] = {
    # Told a status that is no end, whatever its name, and asked again: the contract names none of these.
    "running": ("Running", Q(due_at__isnull=False) & ~Q(status__in=["", *Job.Status.values])),
    "completed": ("Completed", Q(status=Job.Status.COMPLETED)),
    "failed": ("Failed", Q(status=Job.Status.FAILED)),
    "canceled": ("Canceled", Q(status=Job.Status.CANCELED)),
    "planned": ("Plans", Q(status=Job.Status.PLANNED)),
    "missing": ("Missing", Q(reading=Reading.MISSING)),
    "unreadable": ("Could not be read", Q(reading=Reading.UNREADABLE)),
}


class JobFilterForm(AgentFilterForm):
    """Which jobs of a workspace are wanted."""

    state = forms.ChoiceField(
        label="State", choices=[("", "Any"), *((key, name) for key, (name, _) in STATES.items())], required=False
    )
    operation = forms.ChoiceField(label="Operation", choices=OPERATIONS, required=False)
    capability = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)

    def page(self, *, cursor: str) -> Page[JobLine]:
        """Return a page of what a valid form asks for, newest first, with the names of models that are known."""
        page = page_of_lines(jobs_wanted(self), JobLine, by="named_at", cursor=cursor, size=PAGE_SIZE)
        names = model_names(page.rows)
        return Page([row._replace(model=names.get(row.pk, "")) for row in page.rows], page.newer, page.older)


def jobs_wanted(form: JobFilterForm) -> QuerySet[Job]:
    """Return the jobs that a valid form asks for."""
    rows, wanted = job_list(form.workspace), form.cleaned_data
    if wanted["agent"]:
        rows = rows.filter(agent__in=form.agents_meant().values("pk"))
    if wanted["state"]:
        rows = rows.filter(STATES[wanted["state"]][1])
    if wanted["operation"]:
        rows = rows.filter(operation=wanted["operation"])
    return rows.filter(capability_id=wanted["capability"]) if wanted["capability"] else rows


def model_names(rows: list[JobLine]) -> dict[int, str]:
    """Return what the model of each job is called: the one that is told, else the one behind its capability."""
    known = models_find(told=[row.model for row in rows], capability_ids=[row.capability_id for row in rows])
    models = {row.pk: known.made_with(row.model, row.capability_id) for row in rows}
    return {row.pk: model.display_name if (model := models[row.pk]) else row.model for row in rows}
