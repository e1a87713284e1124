"""What people say when they curate."""

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from dashboard.assets.models import Asset

MOST_PICKED = 2_000
NO_TAG = "A tag has 1 to 40 characters and no comma."


class TagForm(forms.Form):
    """A tag: a short word or two, without what separates tags from each other."""

    tag = forms.RegexField(label="Tag", regex=r"^[^,\x00-\x1f]{1,40}$", max_length=40)

    def clean_tag(self) -> str:
        """Return the tag as it is kept: small letters, single spaces."""
        return " ".join(str(self.cleaned_data["tag"]).casefold().split())


class SelectionForm(forms.Form):
    """Which assets are meant: `picked` as numbers, or `everything` that the address's filter finds."""

    picked = forms.CharField(required=False, max_length=MOST_PICKED * 12)
    everything = forms.BooleanField(required=False)
    act = forms.ChoiceField(choices=[(one, one) for one in ("zip", "tag", "untag", "hide", "show")])

    def clean(self) -> dict[str, object]:
        cleaned: dict[str, object] = super().clean() or {}
        boxes = self.data.getlist("asset") if isinstance(self.data, QueryDict) else []
        told = [*str(cleaned.get("picked") or "").split(","), *boxes]
        numbers = {int(one) for one in told if one.isascii() and one.isdigit() and len(one) < 19}
        if len(numbers) > MOST_PICKED:
            raise forms.ValidationError(f"At most {MOST_PICKED} can be selected one by one; use a filter for more.")
        if not numbers and not cleaned.get("everything"):
            raise forms.ValidationError("Select at least one first.")
        cleaned["numbers"] = sorted(numbers)
        return cleaned

    def meant(self, found: QuerySet[Asset]) -> QuerySet[Asset]:
        """Return what a valid form means of what a filter finds."""
        if self.cleaned_data["everything"]:
            return found
        return found.filter(pk__in=self.cleaned_data["numbers"])
