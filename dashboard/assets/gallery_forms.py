"""The gallery's filter, as it stands in a page's address."""

from collections.abc import Iterable
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from dashboard.activity.forms import Chip, OpenChoiceField, address_without
from dashboard.assets.gallery import AssetFilter
from dashboard.assets.models import Asset
from dashboard.catalog.selectors import capability_names
from dashboard.lib.days import DaysForm
from dashboard.lib.glossary import word_for
from dashboard.lib.paging import cursor_from

OPERATIONS = ("create", "edit", "upload")
ANY = ("", "Any")


class AssetFilterForm(DaysForm):
    """Which assets of a workspace are wanted, and of which days.

    `names` are agents to offer, by remote id; `tags` are proposed where one is typed.
    """

    field_order = (
        *("q", "agent", "kind", "source", "operation", "capability", "aspect", "size", "cost", "tag"),
        *("made_from", "used_by"),
        *("since", "until", "hidden"),
    )

    q = forms.CharField(
        label="Tag or id",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"placeholder": "A tag, or the id of an asset or a job"}),
    )
    agent = OpenChoiceField(label="Agent", required=False)
    kind = forms.ChoiceField(label="Type", choices=[ANY, *Asset.Kind.choices], required=False)
    source = forms.ChoiceField(label="Came by", choices=[ANY, *Asset.Source.choices], required=False)
    operation = OpenChoiceField(label="Operation", required=False)
    capability = OpenChoiceField(label="Model", required=False)
    aspect = forms.ChoiceField(label="Shape", choices=[ANY, *Asset.Aspect.choices], required=False)
    size = forms.ChoiceField(label="Size", choices=[ANY, *Asset.Size.choices], required=False)
    cost = forms.ChoiceField(label="Cost", choices=[ANY, *Asset.Cost.choices], required=False)
    tag = forms.CharField(
        label="Tag",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"list": "tags", "autocomplete": "off"}),
    )
    # What the viewer's drawing has no room for is found by these; nobody types them.
    made_from = forms.CharField(label="Made from", required=False, max_length=200, widget=forms.HiddenInput)
    used_by = forms.CharField(label="Went into job", required=False, max_length=200, widget=forms.HiddenInput)
    hidden = forms.ChoiceField(label="Hidden", choices=[("", "Left out"), ("yes", "Only those")], required=False)

    def __init__(self, data: QueryDict, *, names: Iterable[tuple[str, str]] = (), tags: Iterable[str] = ()) -> None:
        super().__init__(data)
        self.query, self.tags = data, tags
        self._offer("agent", dict(names))
        self._offer("operation", {one: word_for("operation", one).text for one in OPERATIONS})
        self._offer("capability", capability_names())

    def _offer(self, name: str, choices: dict[str, str]) -> None:
        """Offer choices, and what is asked for: a list without it would forget it when it is sent again."""
        asked = self.query.get(name, "")
        known = {asked: asked, **choices} if asked else choices
        self.fields[name].choices = [ANY, *known.items()]  # type: ignore[attr-defined]

    @property
    def wanted(self) -> AssetFilter:
        """The filter of a valid form."""
        given = dict(self.cleaned_data)
        is_hidden = bool(given.pop("hidden"))
        given["since"], given["until"] = self.bounds
        return AssetFilter(**given, is_hidden=is_hidden)

    @property
    def chips(self) -> list[Chip]:
        """The filters in use, of a form that was asked whether it is valid."""
        return [
            Chip(str(self.fields[name].label), self._said(name), address_without(self.query, name))
            for name in self.fields
            if self.query.get(name)
        ]

    @property
    def address(self) -> str:
        """The filter alone, as it stands in addresses of single assets and forms: no page, nothing empty."""
        left = self.query.copy()
        for name in list(left):
            if name not in self.fields or not left[name]:
                del left[name]
        return f"?{left.urlencode()}" if left else ""

    def address_at(self, first: Asset | None) -> str:
        """The address of the page of the gallery that begins with an asset, or of the first page."""
        if first is None:
            return self.address
        page = urlencode({"page": cursor_from(first, "created_at")})
        return f"{self.address}&{page}" if self.address else f"?{page}"

    def _said(self, name: str) -> str:
        raw = self.query[name]
        choices = dict(getattr(self.fields[name], "choices", ()))
        return str(choices.get(raw, raw))


def address_tidied(query: QueryDict) -> str | None:
    """Return the address that says the same without what was left empty; None where nothing was."""
    if all(query.values()):
        return None
    return f"?{urlencode([pair for pair in query.items() if pair[1] and pair[0] != 'page'])}"
