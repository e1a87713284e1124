"""`{% load kept %}`: parts of a page that are the same from one request to the next."""

from collections.abc import Hashable, Sequence

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.context import Context
from django.utils import timezone
from django.utils.safestring import SafeString

from dashboard.lib.kept import Shelf

register = template.Library()
# A part is a few KB; the parts of the frame and the rows of a table each have a shelf of their own.
SIZE = 500


@register.tag
def kept(parser: Parser, token: Token) -> "KeptNode":
    """Draw the inside once for these values: `{% kept first second %} ... {% endkept %}`.

    The values must be everything that the inside shows, the viewer's zone apart; they are compared, so they must be
    hashable. Nothing that differs from request to request may stand inside: no CSRF token above all.
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
        piece = self._shelf.get(key) or self._shelf.put(key, self.inside.render(context))
        return piece.said_at(timezone.now())
