"""`{% load kept %}`: parts of a page that are the same from one request to the next."""

from collections.abc import Hashable, Iterable, Mapping, Sequence

from django import forms, template
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.context import Context
from django.template.loader import get_template
from django.utils import timezone
from django.utils.safestring import SafeString

from dashboard.lib.forms import form_shown
from dashboard.lib.kept import MARKS, SHELF, Kept

register = template.Library()


@register.tag
def kept(parser: Parser, token: Token) -> "KeptNode":
    """Draw the inside once for these values: `{% kept first second %} ... {% endkept %}`.

    The values must be everything that the inside shows, the viewer's zone apart; they are compared, so they must be
    hashable, or lists of such. Of what differs from request to request only HOLES may stand inside: they are filled in
    each time.
    """
    values = [parser.compile_filter(value) for value in token.split_contents()[1:]]
    inside = parser.parse(("endkept",))
    parser.delete_first_token()
    return KeptNode(inside, values)


class KeptNode(template.Node):
    def __init__(self, inside: NodeList, values: Sequence[FilterExpression]) -> None:
        self.inside, self.values = inside, values

    def render(self, context: Context) -> SafeString:
        values = [value.resolve(context) for value in self.values]
        key = (
            self,
            timezone.get_current_timezone_name(),
            *[tuple(one) if isinstance(one, list) else one for one in values],
        )
        piece = SHELF.get(key) or SHELF.put(key, Kept(self._draw(context)))
        return piece.said_at(timezone.now(), context.get)

    def _draw(self, context: Context) -> str:
        with context.push(**MARKS):
            return self.inside.render(context)


@register.simple_tag
def kept_rows(template_name: str, rows: Iterable[Hashable], **more: Hashable) -> SafeString:
    """Draw a template once for each row and the values in `more`: `{% kept_rows "app/_row.html" page.rows key=key %}`.

    The template sees the `row` and those values alone. A row is a named tuple of plain values: all that it shows.
    """
    now = timezone.now()
    common = (template_name, timezone.get_current_timezone_name(), *more.values())
    # The rows that are here together, and each by itself: of a page with a new row the others are there.
    here = (common, tuple(rows))
    piece = SHELF.get(here) or SHELF.put(
        here, Kept("".join(_row(template_name, row, common, more).said_at(now) for row in here[1]))
    )
    return piece.said_at(now)


def _row(template_name: str, row: Hashable, common: Hashable, more: Mapping[str, Hashable]) -> Kept:
    key = (common, row)
    return SHELF.get(key) or SHELF.put(key, Kept(get_template(template_name).render({**more, "row": row})))


@register.simple_tag
def kept_fields(form: forms.BaseForm) -> SafeString:
    """Draw `components/_fields.html` once for what the form shows: for filters, whose menus every page draws again."""
    key = ("fields", timezone.get_current_timezone_name(), form_shown(form))
    piece = SHELF.get(key) or SHELF.put(key, Kept(get_template("components/_fields.html").render({"form": form})))
    return piece.said_at(timezone.now())
