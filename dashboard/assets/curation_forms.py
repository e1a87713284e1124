"""What people say when they curate."""

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from dashboard.assets.models import Asset

MOST_PICKED = 2_000
TOO_MANY = (
    f"Nothing was done: at most {MOST_PICKED:,} can be selected one by one. "
    "Tick All instead, which takes everything that the filter finds, in one download too."
)
MOST_LETTERS = 40
NO_TAG = f"A tag has 1 to {MOST_LETTERS} characters and no comma."


class TagForm(forms.Form):
    """A tag: a short word or two, without what separates tags from each other."""

    tag = forms.RegexField(
        label="Tag",
        regex=r"^[^,\x00-\x1f]+$",
        max_length=MOST_LETTERS,
        error_messages=dict.fromkeys(("required", "invalid", "max_length"), NO_TAG),
    )

    def clean_tag(self) -> str:
        """Return the tag as it is kept: small letters, single spaces."""
        tag = " ".join(str(self.cleaned_data["tag"]).casefold().split())
        if not tag:
            raise forms.ValidationError(NO_TAG)
        if len(tag) > MOST_LETTERS:
            raise forms.ValidationError(f"{NO_TAG} In small letters this one has {len(tag)}: ß becomes ss.")
        return tag

    @property
    def problem(self) -> str:
        """Why an invalid form has no tag."""
        return str(self.errors["tag"][0])


class SelectionForm(forms.Form):
    """Which assets are meant: `picked` as numbers, or `everything` that the address's filter finds.

    `at` is the number of the asset at which the gallery was looked at, where that is not its beginning.
    """

    picked = forms.CharField(required=False, max_length=MOST_PICKED * 12)
    everything = forms.BooleanField(required=False)
    at = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    act = forms.ChoiceField(choices=[(one, one) for one in ("zip", "tag", "untag", "hide", "show")])

    def clean(self) -> dict[str, object]:
        cleaned: dict[str, object] = super().clean() or {}
        boxes = self.data.getlist("asset") if isinstance(self.data, QueryDict) else []
        told = [*str(cleaned.get("picked") or "").split(","), *boxes]
        numbers = {int(one) for one in told if one.isascii() and one.isdigit() and len(one) < 19}
        if len(numbers) > MOST_PICKED or self.has_error("picked"):
            raise forms.ValidationError(TOO_MANY)
        if not numbers and not cleaned.get("everything"):
            raise forms.ValidationError("Select at least one first.")
        cleaned["numbers"] = sorted(numbers)
        return cleaned

    def meant(self, found: QuerySet[Asset]) -> QuerySet[Asset]:
        """Return what a valid form means of what a filter finds."""
        if self.cleaned_data["everything"]:
            return found
        return found.filter(pk__in=self.cleaned_data["numbers"])
