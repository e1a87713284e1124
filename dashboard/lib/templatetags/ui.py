"""`{% load ui %}`: the small values of every page, in the markup that assets/css/values.css styles.

All texts may be hostile: each is escaped here, and isolated (`<bdi>`) so that right-to-left characters in one
cannot reorder its neighbours. `None` means "the service did not tell" and is shown as such, never as zero.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from dashboard.lib import glossary, presentation
from dashboard.lib.words import Tone, Word

register = template.Library()

ABSENT = mark_safe('<span class="absent" title="Not told">&ndash;</span>')
SIGNS = {Tone.GOOD: "done", Tone.WARN: "alert", Tone.BAD: "error", Tone.INFO: "info", Tone.NEUTRAL: "info"}
LEVELS = {"success": Tone.GOOD, "warning": Tone.WARN, "error": Tone.BAD}


@register.simple_tag
def product_name() -> str:
    return str(settings.PRODUCT_NAME)


@register.filter
def with_product(text: str) -> str:
    """Return a sentence with the hosted service's name where it says `{product}`, for the argument of an include."""
    return text.replace("{product}", settings.PRODUCT_NAME)


@register.simple_tag
@lru_cache(maxsize=512, typed=True)
def icon(name: str, label: str = "") -> SafeString:
    """Draw an icon of the sprite: silent beside words, or with a `label` where it stands for them."""
    role = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html('<svg class="icon" {}><use href="{}#{}"></use></svg>', role, static("icons.svg"), name)


@register.simple_tag
def tone_icon(tone: str) -> SafeString:
    """Draw the icon that goes with a tone, so that none is told by colour alone."""
    return icon(SIGNS[Tone(tone)])


@register.filter
def level_tone(level_tag: str) -> Tone:
    """Return the tone of a message of Django's messages framework."""
    return LEVELS.get(level_tag, Tone.INFO)


@register.simple_tag
def word(kind: str, raw: str | None) -> Word:
    """Return the glossary's Word, for a template that lays out its text, icon and tone itself."""
    return glossary.word_for(kind, raw)


@register.simple_tag
def event_word(event_type: str, status: str) -> Word:
    """Return the glossary's Word for a ledger event, for a template that lays it out itself."""
    return glossary.event_word(event_type, status)


@register.filter
def field_text(name: str) -> str:
    return presentation.field_text(name)


@register.filter
def value_text(value: object) -> str:
    return presentation.value_text(value)


@register.filter
def named_by(key: object, names: dict[object, object]) -> object:
    """Return what a mapping of the page calls this key; None when it has no name for it."""
    return names.get(key)


@register.filter
def is_published(raw: str, kind: str) -> bool:
    """Tell whether a raw value is one that the contract publishes."""
    return glossary.is_published(kind, raw)


@register.filter
def grouped(number: int) -> str:
    """Return a whole number with thousands separators: 1,000,000."""
    return f"{number:,}"


@register.filter
def lines(texts: Iterable[str]) -> str:
    """Put each text on a line of its own, for a block that is copied whole."""
    return "\n".join(texts)


@register.filter
def isolated(text: str) -> str:
    """Wrap a name so that its right-to-left characters stay its own where no `<bdi>` can stand: a title, a mail."""
    return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"


@register.simple_tag
def absent() -> SafeString:
    """Draw the dash that stands for what the service did not tell."""
    return ABSENT


@register.simple_tag
def state(kind: str, raw: str | None) -> SafeString:
    """Show a raw state as a badge in words, the raw value in its title."""
    said = glossary.word_for(kind, raw)
    return format_html(
        '<span class="badge tone-{}" title="{}">{}<bdi>{}</bdi></span>',
        said.tone,
        raw or "not told by the service",
        icon(said.icon),
        said.text,
    )


@register.simple_tag
def credits(n: int | None, sign: bool = False, unit: bool = True) -> SafeString:  # noqa: A001 the tag's name
    """Show whole credits, their worth on hover; `sign` marks a movement, `unit=False` leaves out the word."""
    if n is None:
        return ABSENT
    noun = format_html(' <span class="credits__unit">{}</span>', presentation.credits_unit(n)) if unit else ""
    return format_html(
        '<span class="credits{}" title="{}">{}{}</span>',
        " delta--plus" if sign and n > 0 else "",
        presentation.money_text(n, is_delta=sign),
        presentation.credits_text(n, is_delta=sign),
        noun,
    )


@register.simple_tag
def money(cents: int | None, sign: bool = False, currency: str = "USD") -> SafeString:
    """Show cents, exact to the cent: as dollars, or with the name of another currency."""
    if cents is None:
        return ABSENT
    return format_html(
        '<span class="money">{}</span>', presentation.money_text(cents, is_delta=sign, currency=currency)
    )


@register.simple_tag
def amount(cents: int | None, currency: str) -> SafeString:
    """Show dollars for US cents; another currency in its smallest unit, since not every one has a hundredth."""
    if cents is None or currency == "USD":
        return money(cents)
    return format_html('<span class="money" title="in its smallest unit">{}</span>', amount_text(cents, currency))


@register.simple_tag
def amount_text(cents: int, currency: str) -> str:
    """Say the same in plain text, for a mail."""
    return presentation.money_text(cents) if currency == "USD" else f"{cents:,} {currency}"


@register.simple_tag
def moment(at: datetime | None) -> SafeString:
    """Show an aware moment relative to now; the exact one, in the viewer's zone, on hover and focus."""
    if at is None:
        return ABSENT
    local = timezone.localtime(at)
    return format_html(
        '<time class="moment" tabindex="0" datetime="{}" title="{}" data-relative>{}</time>',
        presentation.utc_text(at),
        presentation.exact_text(local),
        presentation.relative_text(local, timezone.now()),
    )


@register.simple_tag
def age(at: datetime | None, stale_after: int, late_after: int) -> SafeString:
    """Stamp figures with the moment they were read; from `stale_after` seconds amber, from `late_after` red.

    assets/js/times.js goes on counting by the same two thresholds.
    """
    seconds = int((timezone.now() - at).total_seconds()) if at else None
    said = presentation.age_word(seconds, stale_after=stale_after, late_after=late_after)
    if at is None:
        return format_html('<span class="age tone-{}">{}Never read</span>', said.tone, icon(said.icon))
    return format_html(
        '<span class="age tone-{}" data-stale-after="{}" data-late-after="{}">{}<span>As of {}</span>'
        '<span class="age__word">({})</span></span>',
        said.tone,
        stale_after,
        late_after,
        icon("clock"),
        moment(at),
        said.text,
    )


@register.simple_tag
def ident(text: str | None, copy: bool = True) -> SafeString:
    """Show an id in mono with its middle shortened and a copy button; the page still holds the whole id."""
    if not text:
        return ABSENT
    head, middle, tail = presentation.split_middle(text)
    inner = format_html('{}<span class="ident__middle">{}</span>{}', head, middle, tail) if middle else head
    button = copy_button("", "Copy this id") if copy else ""
    return format_html('<span class="ident"><bdi class="ident__text" title="{}">{}</bdi>{}</span>', text, inner, button)


@register.simple_tag
def copy_button(text: str, label: str = "Copy") -> SafeString:
    """Draw the small button that copies `text`, without one what stands before it; absent where no script runs."""
    return format_html(
        '<button type="button" class="copy needs-script" data-copy="{}" title="{}">{}</button>',
        text,
        label,
        icon("copy", label),
    )
