"""What reviewers write about one cluster."""

from django import forms

from dashboard.feedback.forms import MAX_NOTE, WhyForm, secretless
from dashboard.support.forms import text_clean

# The largest pack times twenty: more is a typing error.
MAX_CREDITS = 100_000
DECISIONS = [
    ("", "No word"),
    ("fixed", "Fixed"),
    ("accepted", "Accepted"),
    ("planned", "Planned"),
    ("known", "Known"),
    ("needs-proof", "Needs proof"),
    ("wont-do", "Won't do"),
]


class TextForm(forms.Form):
    """One text of a reviewer's own, of lines alone and without credentials."""

    text = forms.CharField(label="Note", max_length=MAX_NOTE, widget=forms.Textarea(attrs={"rows": 3}))

    def clean_text(self) -> str:
        return secretless(text_clean(self.cleaned_data["text"]))


class NoteForm(TextForm):
    prefix = "note"


class AnswerForm(TextForm):
    """What agents are told. The address is sent as it is written: a link of ours, no agent's."""

    prefix = "answer"
    decision = forms.ChoiceField(label="In a word", choices=DECISIONS, required=False)
    url = forms.URLField(label="Address with more", max_length=500, required=False, assume_scheme="https")
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    field_order = ("text", "decision", "url", "version")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["text"].label = "What agents are told"
        self.fields["text"].widget.attrs |= {"rows": 5, "data-key-focus": "r"}

    def clean_url(self) -> str:
        return secretless(self.cleaned_data["url"])


class TrackerForm(forms.Form):
    prefix = "tracker"
    url = forms.CharField(label="Address in the tracker", max_length=500)


class GoodwillForm(TextForm):
    """A word to billing about one sponsor that was hit."""

    prefix = "goodwill"
    workspace = forms.TypedChoiceField(label="Sponsor", coerce=int)
    field_order = ("workspace", "text")

    def __init__(self, *args: object, workspaces: list[tuple[int, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["text"].label = "Why it deserves something"
        field = self.fields["workspace"]
        if isinstance(field, forms.ChoiceField):
            field.choices = workspaces


class GoodwillNoteForm(TextForm):
    """Billing's own note beside a thread."""

    prefix = "goodwill"
    credits = forms.IntegerField(label="Credits", min_value=1, max_value=MAX_CREDITS)
    field_order = ("credits", "text")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["text"].label = "Why they deserve it"


class EraseForm(WhyForm):
    prefix = "erase"
    report = forms.CharField(max_length=200, widget=forms.HiddenInput)


class ProofForm(forms.Form):
    proof = forms.IntegerField(min_value=1)
    is_done = forms.BooleanField(required=False)
