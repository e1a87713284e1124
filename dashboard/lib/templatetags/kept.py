"""`{% load kept %}`: parts of a page that are the same from one request to the next."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence

from django import forms, template
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.context import Context
from django.template.loader import get_template
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from dashboard.lib.forms import form_shown
from dashboard.lib.kept import MARKS, Shelf

register = template.Library()
# A part is a few KB; the parts of the frame and the rows of a table each have a shelf of their own.
SIZE = 500
# A row is about 1 KB: some twenty pages of each kind of row.
ROWS = 1_000
_fields: Shelf[Hashable] = Shelf(SIZE)
_rows: defaultdict[str, Shelf[tuple[Hashable, ...]]] = defaultdict(lambda: Shelf(ROWS))


@register.tag
def kept(parser: Parser, token: Token) -> "KeptNode":
    """Draw the inside once for these values: `{% kept first second %} ... {% endkept %}`.

    The values must be everything that the inside shows, the viewer's zone apart; they are compared, so they must be
    hashable. Of what differs from request to request only HOLES may stand inside: they are filled in each time.
    """
    values = [parser.compile_filter(value) for value in token.split_contents()[1:]]
    inside = parser.parse(("endkept",))
    parser.delete_first_token()
    return KeptNode(inside, values)


class KeptNode(template.Node):
    def __init__(self, inside: NodeList, values: Sequence[FilterExpression]) -> None:
        self.inside, self.values = inside, values
        self._shelf: Shelf[tuple[Hashable, ...]] = Shelf(SIZE)

    def render(self, context: Context) -> SafeString:
        key = (timezone.get_current_timezone_name(), *[value.resolve(context) for value in self.values])
        piece = self._shelf.get(key) or self._shelf.put(key, self._draw(context))
        return piece.said_at(timezone.now(), context.get)

    def _draw(self, context: Context) -> str:
        with context.push(**MARKS):
            return self.inside.render(context)


@register.simple_tag
def kept_rows(template_name: str, rows: Iterable[Hashable], **more: Hashable) -> SafeString:
    """Draw a template once for each row and the values in `more`: `{% kept_rows "app/_row.html" page.rows key=key %}`.

    The template sees the `row` and those values alone. A row is a named tuple of plain values: all that it shows.
    """
    shelf, now = _rows[template_name], timezone.now()
    common = (timezone.get_current_timezone_name(), *more.values())
    drawn = []
    for row in rows:
        key = (row, common)
        piece = shelf.get(key) or shelf.put(key, get_template(template_name).render({**more, "row": row}))
        drawn.append(piece.said_at(now))
    return mark_safe("".join(drawn))  # noqa: S308 - rendered templates


@register.simple_tag
def kept_fields(form: forms.BaseForm) -> SafeString:
    """Draw `components/_fields.html` once for what the form shows: for filters, whose menus every page draws again."""
    key = (timezone.get_current_timezone_name(), form_shown(form))
    piece = _fields.get(key) or _fields.put(key, get_template("components/_fields.html").render({"form": form}))
    return piece.said_at(timezone.now())
