"""Forms of a bad day."""

from django import forms


class ReplacementForm(forms.Form):
    """Choose the contact among the addresses given, which are the sponsor's own."""

    address = forms.ChoiceField(
        label="The contact that the agent gave when it signed up",
        help_text="Only your own confirmed addresses are here: for any other contact we may not ask.",
    )

    def __init__(self, data: object, *, addresses: list[str]) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        self.fields["address"].choices = [(one, one) for one in addresses]  # type: ignore[attr-defined]
