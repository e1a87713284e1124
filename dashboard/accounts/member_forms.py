"""Forms about workspaces and who is in them."""

from django import forms
from django.core.exceptions import ValidationError

from dashboard.accounts.models import Membership, Role

ROLES = [
    (Role.OWNER.value, "Owner: everything, people too"),
    (Role.BUYER.value, "Buyer: sees all, may buy and stop"),
    (Role.VIEWER.value, "Viewer: sees all, changes nothing"),
]


def name_clean(name: str) -> str:
    """Return a name on one line."""
    single = " ".join(name.split())
    if not single.isprintable():
        raise ValidationError("Leave out characters that cannot be seen.")
    return single


class WorkspaceForm(forms.Form):
    name = forms.CharField(label="Name", max_length=80)

    def clean_name(self) -> str:
        return name_clean(self.cleaned_data["name"])


class RoleForm(forms.Form):
    role = forms.TypedChoiceField(label="Role", choices=ROLES, coerce=Role, widget=forms.RadioSelect)


class InvitationForm(RoleForm):
    email = forms.EmailField(
        label="Email address",
        max_length=254,
        help_text="The invitation works for somebody who signs in with this address, and nobody else.",
    )
    field_order = ("email", "role")


class HandoverForm(forms.Form):
    """Choose the next owner among the members given."""

    member = forms.TypedChoiceField(label="The next owner", coerce=int)

    def __init__(self, data: object, *, members: list[Membership]) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        self.fields["member"].choices = [(one.pk, one.user.display_name) for one in members]  # type: ignore[attr-defined]


class ReassignForm(forms.Form):
    email = forms.EmailField(label="Address of the next owner", max_length=254, help_text="It must be confirmed.")
    present_owners = forms.ChoiceField(
        label="Present owners",
        choices=[("stay", "Stay owners"), ("viewers", "Become viewers")],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label="Reason", max_length=200, help_text="Kept in the audit log.")

    def clean_reason(self) -> str:
        return name_clean(self.cleaned_data["reason"])
