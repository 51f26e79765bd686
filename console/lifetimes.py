"""How long a preview or an invitation may last, as forms offer it."""

from __future__ import annotations

from django.utils.translation import ngettext

PREVIEWS = (1, 24, 72, 168)
INVITATIONS = (1, 24, 72, 168, 720)


def choices(hours: tuple[int, ...]) -> list[tuple[int, str]]:
    """Hours with their words: "1 hour", "7 days"."""
    return [(each, _words(each)) for each in hours]


def chosen(typed: str, hours: tuple[int, ...]) -> int:
    """The hours that were chosen; what was not on offer is the first."""
    return int(typed) if typed.isdecimal() and len(typed) < 6 and int(typed) in hours else hours[0]


def _words(hours: int) -> str:
    if hours % 24:
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    return ngettext("%(n)s day", "%(n)s days", hours // 24) % {"n": hours // 24}
