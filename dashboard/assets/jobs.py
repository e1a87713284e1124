"""The list of jobs and its filter, which lives in the page's address."""

from collections.abc import Mapping

from django import forms
from django.db.models import QuerySet

from dashboard.agents.forms import AgentFilterForm
from dashboard.assets.job_lines import JobLine
from dashboard.assets.models import Job, Reading
from dashboard.assets.selectors import job_list
from dashboard.catalog.selectors import models_of
from dashboard.lib.paging import Page, page_of_lines

PAGE_SIZE = 50
OPERATIONS = [("", "Any"), ("create", "Create"), ("edit", "Edit"), ("upload", "Upload")]
# What the address says, and which jobs that are.
STATES: Mapping[str, tuple[str, dict[str, object]]] = {
    "completed": ("Completed", {"status": Job.Status.COMPLETED}),
    "failed": ("Failed", {"status": Job.Status.FAILED}),
    "canceled": ("Canceled", {"status": Job.Status.CANCELED}),
    "planned": ("Plans", {"status": Job.Status.PLANNED}),
    "missing": ("Missing", {"reading": Reading.MISSING}),
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
        rows = rows.filter(**STATES[wanted["state"]][1])
    if wanted["operation"]:
        rows = rows.filter(operation=wanted["operation"])
    return rows.filter(capability_id=wanted["capability"]) if wanted["capability"] else rows


def model_names(rows: list[JobLine]) -> dict[int, str]:
    """Return what the model of each job is called: as told, else as the catalogue knows its capability."""
    known = models_of({row.capability_id for row in rows if row.capability_id})
    joined = {row.pk: known[row.capability_id].name for row in rows if row.capability_id in known}
    return joined | {row.pk: row.model for row in rows if row.model}
