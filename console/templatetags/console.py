"""How values look on a page: icons, shares, sizes, times, badges. Words only; no value is decided here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.template.defaultfilters import date as format_date
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console import words
from console.icons import ICONS
from ferry.kernel import clock
from ferry.kernel.targeting import Reasons
from miniapps.qr import qr_svg

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A line icon; decorative unless it has a label."""
    drawn = mark_safe(f'<path d="{ICONS[name]}"/>')  # noqa: S308 our own constant
    if label:
        return format_html('<svg class="icon" viewBox="0 0 24 24" role="img" aria-label="{}">{}</svg>', label, drawn)
    return format_html('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', drawn)


@register.simple_tag
def qr(address: str) -> SafeString:
    """The QR code of an address; the SVG holds nothing but its modules."""
    return mark_safe(qr_svg(address)) if address else mark_safe("")  # noqa: S308 the address is drawn, not written


@register.simple_tag
def badge(vocabulary: str, value: Any) -> SafeString:
    """A state as a coloured word; unknown values show as they are, so that nothing is hidden."""
    word, tone = words.look(vocabulary, str(value))
    return format_html('<span class="badge {}">{}</span>', tone, word)


@register.filter
def word(value: Any, vocabulary: str) -> str:
    """The word for a value, without the badge."""
    return str(words.look(vocabulary, str(value))[0])


@register.filter
def share(value: int | float | None) -> str:
    """A share in 1/10,000 as percent, without zeros that say nothing: 2000 is 20%, 1 is 0.01%."""
    if value is None:
        return "–"
    return f"{value / 100:.2f}".rstrip("0").rstrip(".") + "%"


@register.filter
def percent(value: float | None) -> str:
    """A fraction 0..1 as percent with one decimal."""
    return "–" if value is None else f"{value * 100:.1f}%"


@register.filter
def size(value: int | None) -> str:
    """Bytes for people, in the powers of 1,024 that disks show."""
    if value is None:
        return "–"
    amount = float(value)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1024 or unit == "GB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"


@register.filter
def short(value: str, length: int = 12) -> str:
    """The beginning of a hash or identifier."""
    return value if len(value) <= length else value[:length] + "…"


@register.filter
def count(value: int | None) -> str:
    """A whole number with thin separators."""
    return "–" if value is None else f"{value:,}"


@register.filter
def when(moment: datetime | None) -> SafeString | str:
    """How long ago or how far ahead, with the exact time in UTC on hover."""
    if moment is None:
        return "–"
    exact = format_date(moment, "Y-m-d H:i:s") + " UTC"
    return format_html(
        '<time datetime="{}" title="{}" class="nowrap">{}</time>', moment.isoformat(), exact, relative(moment)
    )


@register.filter
def exact(moment: datetime | None) -> str:
    """A moment in full, in UTC."""
    return "–" if moment is None else format_date(moment, "Y-m-d H:i") + " UTC"


def relative(moment: datetime) -> str:
    """ "3 minutes ago", "in 2 days": one unit is enough for a glance."""
    seconds = (clock.now() - moment).total_seconds()
    past, seconds = seconds >= 0, abs(seconds)
    if seconds < 45:
        return _("just now") if past else _("in a moment")
    if seconds < 3600 * 0.98:
        n = max(1, round(seconds / 60))
        return (
            ngettext("%(n)d minute ago", "%(n)d minutes ago", n)
            if past
            else ngettext("in %(n)d minute", "in %(n)d minutes", n)
        ) % {"n": n}
    if seconds < 86_400 * 0.98:
        n = max(1, round(seconds / 3600))
        return (
            ngettext("%(n)d hour ago", "%(n)d hours ago", n) if past else ngettext("in %(n)d hour", "in %(n)d hours", n)
        ) % {"n": n}
    if seconds < 86_400 * 45:
        n = round(seconds / 86_400)
        return (
            ngettext("%(n)d day ago", "%(n)d days ago", n) if past else ngettext("in %(n)d day", "in %(n)d days", n)
        ) % {"n": n}
    return format_date(moment, "Y-m-d")


@register.filter
def hue(value: str) -> int:
    """One of five tones for a name, always the same one: programs without an icon stay recognisable."""
    return sum(map(ord, value)) % 5


@register.filter
def initial(value: str) -> str:
    """The first letter, for avatars."""
    return value.strip()[:1].upper() or "?"


@register.filter
def get(mapping: dict[Any, Any], key: Any) -> Any:
    """mapping[key], which Django's templates cannot say with a variable key."""
    return mapping.get(key)


@register.inclusion_tag("console/parts/share_bar.html")
def share_bar(filled: int | float | None, mark: int | float | None = None, label: str = "") -> dict[str, Any]:
    """A bar of 1/10,000 shares; `mark` draws the plan on it. SVG, because inline style is refused by the CSP."""
    return {
        "width": f"{(filled or 0) / 100:.2f}%",
        "mark": None if mark is None else f"{min(mark / 100, 99.4):.2f}%",
        "label": label,
    }


@register.filter
def condition_text(condition: dict[str, Any] | None) -> str:
    """What a condition compares with, as the editor takes it; `.values` in a template is the dict's own method."""
    found = condition or {}
    return ", ".join(found["values"]) if "values" in found else str(found.get("value", ""))


@register.filter
def words_of(text: str) -> list[str]:
    """The words of a constant list in a template."""
    return text.split()


@register.filter
def icon_hash(icons: dict[str, str]) -> str:
    """The stored picture that a list shows: 96 pixels, for screens of double density."""
    return icons.get("96.webp") or icons.get("96") or next(iter(icons.values()))


@register.filter
def percent_value(value: int) -> str:
    """A share in 1/10,000 as the number that a percent field takes, always with a point."""
    return f"{value / 100:.2f}".rstrip("0").rstrip(".")


@register.filter
def sentences(reasons: Reasons) -> list[str]:
    """Why a rule let a device in or kept it out, in the reader's language."""
    return reasons.lines(_)


@register.filter
def whole_share(value: float | None) -> str:
    """A share in 1/10,000 as percent with one decimal: for figures that are measured, not set."""
    return "–" if value is None else f"{value / 100:.1f}%"


@register.filter
def length_of_time(seconds: float | None) -> str:
    """ "45 seconds", "7 days": the largest unit that divides it, or one decimal of the one that fits."""
    if seconds is None:
        return "–"
    sizes = (86_400, 3600, 60, 1)
    whole = next((size for size in sizes if seconds >= size and seconds % size == 0), None)
    size = whole or next((size for size in sizes if seconds >= size), 1)
    amount = f"{seconds / size:.1f}".removesuffix(".0")
    many = 1 if amount == "1" else 2
    told = {
        86_400: ngettext("%(n)s day", "%(n)s days", many),
        3600: ngettext("%(n)s hour", "%(n)s hours", many),
        60: ngettext("%(n)s minute", "%(n)s minutes", many),
        1: ngettext("%(n)s second", "%(n)s seconds", many),
    }
    return told[size] % {"n": amount}
