"""Forms that several rooms share."""

from django import forms


class FileKindForm(forms.Form):
    """Which kind of file is wanted."""

    kind = forms.ChoiceField(choices=[("csv", "CSV"), ("jsonl", "JSON Lines")])
