"""Forms that several rooms share, and what all that a form shows is made of."""

from collections.abc import Hashable

from django import forms


class FileKindForm(forms.Form):
    """Which kind of file is wanted."""

    kind = forms.ChoiceField(choices=[("csv", "CSV"), ("jsonl", "JSON Lines")])


def form_shown(form: forms.BaseForm) -> Hashable:
    """Return everything that the drawn fields of a form depend on: of equal ones the same HTML is drawn."""
    fields = tuple(_field_shown(form[name]) for name in form.fields)
    return (type(form), form.prefix, form.auto_id, fields, tuple(form.non_field_errors()))


def _field_shown(bound: forms.BoundField) -> Hashable:
    field = bound.field
    choices = getattr(field.widget, "choices", ())
    return (
        *(bound.html_name, str(bound.value()), field.label, field.help_text, field.required, type(field.widget)),
        *(tuple(field.widget.attrs.items()), tuple((str(raw), str(text)) for raw, text in choices)),
        tuple(bound.errors),
    )
