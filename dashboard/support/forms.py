"""What people write: bounded, and refused where it holds what nobody must ever be told."""

import unicodedata
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError

from dashboard.lib.credentials import REMOVED, screened
from dashboard.lib.glossary import GLOSSARY
from dashboard.support.selectors import ThreadFilter

MAX_TEXT = 4_000
NEVER = "Never write card numbers, tokens, keys or passwords: nobody here needs them."
PROBLEMS = [(raw, word.text) for raw, word in GLOSSARY["thread_problem"].items()]


def text_clean(text: str) -> str:
    """Return a text of lines and spaces alone: no other control character, no run of empty lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    plain = [
        "".join(one for one in line if one == "\t" or unicodedata.category(one) != "Cc").rstrip() for line in lines
    ]
    kept = [line for before, line in zip(["", *plain], plain, strict=False) if line or before]
    return "\n".join(kept).strip()


class MessageForm(forms.Form):
    """One message. A text with a credential in it comes back without it, and nothing is kept of either."""

    text = forms.CharField(
        label="Your message", max_length=MAX_TEXT, help_text=NEVER, widget=forms.Textarea(attrs={"rows": 5}), strip=True
    )
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def clean_text(self) -> str:
        text = text_clean(self.cleaned_data["text"])
        if not text:
            raise ValidationError("Write something that can be seen.")
        seen = screened(text)
        if seen.found:
            self.data = {name: self.data.get(name) for name in self.fields} | {"text": seen.masked}
            raise ValidationError(
                f"This held what looks like {' and '.join(seen.found)}. It is taken out, where {REMOVED} stands; "
                "nothing was sent or kept. Look the text over and send it again."
            )
        return text


class ThreadForm(MessageForm):
    problem = forms.ChoiceField(label="What is wrong?", choices=PROBLEMS, widget=forms.RadioSelect)
    field_order = ("problem", "text", "key")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["text"].label = "What happened?"


class ThreadFilterForm(forms.Form):
    """The queue's filter, as it stands in the page's address."""

    text = forms.CharField(label="Workspace or thing", max_length=200, required=False)
    problem = forms.ChoiceField(label="Problem", choices=[("", "Any"), *PROBLEMS], required=False)
    owner = forms.ChoiceField(
        label="Looked after by", choices=[("", "Anybody"), ("mine", "Me"), ("nobody", "Nobody yet")], required=False
    )

    @property
    def wanted(self) -> ThreadFilter:
        """The filter of a valid form."""
        return ThreadFilter(**self.cleaned_data)
