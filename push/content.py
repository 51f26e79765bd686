"""What a message says: checked when it is written, filled in when it is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from push.errors import ContentInvalid
from push.rules import limits, placeholders
from push.rules.placeholders import Words

if TYPE_CHECKING:
    from push.models import Content, Template

_MOST_DATA = 20
_LONGEST_KEY = 40
_LONGEST_VALUE = 1_000


def checked(words: Words) -> Words:
    """Words that can be stored and sent, once their placeholders have values. Raises ContentInvalid."""
    title, body, link = words.title.strip(), words.body.strip(), words.link.strip()
    data = dict(words.data or {})
    _text(_("the title"), title, 1, limits.LONGEST_TITLE)
    _text(_("the body"), body, 1, limits.LONGEST_BODY)
    _text(_("the link"), link, 0, limits.LONGEST_LINK)
    if len(data) > _MOST_DATA:
        raise ContentInvalid(reason=_("data holds at most {most} values.").format(most=_MOST_DATA))
    for key, value in data.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise ContentInvalid(reason=_("the values of data are texts."))
        _text(_("a name in data"), key, 1, _LONGEST_KEY)
        _text(_("a value in data"), value, 0, _LONGEST_VALUE)
    clean = Words(title, body, link, data)
    holes(clean)
    fits(clean)
    return clean


def holes(words: Words) -> set[str]:
    """The placeholders that need a value. Raises ContentInvalid where braces are no placeholder."""
    try:
        return placeholders.names(placeholders.texts(words))
    except ValueError as error:
        reason = _("“{text}” holds braces that are no placeholder. Write {{{{name}}}}.")
        raise ContentInvalid(reason=reason.format(text=str(error)[:60])) from None


def values_of(words: Words, given: Mapping[str, Any]) -> dict[str, str]:
    """The values that `words` needs. Raises ContentInvalid for one that is missing, unknown or no text."""
    needed = holes(words)
    missing, unknown = sorted(needed - given.keys()), sorted(given.keys() - needed)
    if missing:
        raise ContentInvalid(reason=_("no value for {names}.").format(names=", ".join(missing[:5])))
    if unknown:
        raise ContentInvalid(reason=_("no placeholder is called {names}.").format(names=", ".join(unknown[:5])))
    values: dict[str, str] = {}
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ContentInvalid(reason=_("the value of {name} is no text.").format(name=name))
        values[name] = str(value)
        _text(_("the value of {name}").format(name=name), values[name], 0, _LONGEST_VALUE)
    return values


def filled(words: Words, values: Mapping[str, str]) -> Words:
    """The words with their values, if a phone can take them. Raises ContentInvalid when they are too long."""
    result = placeholders.fill(words, values)
    fits(result)
    return result


def fits(words: Words) -> None:
    """Refuse what no vendor would carry. Raises ContentInvalid."""
    told = {"title": words.title, "body": words.body, "link": words.link, "data": dict(words.data or {})}
    size = len(json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    if size > limits.MOST_BYTES:
        reason = _("it is {size} bytes long, at most {most} can be sent.")
        raise ContentInvalid(reason=reason.format(size=size, most=limits.MOST_BYTES))


def words_of(row: Content | Template) -> Words:
    """What a stored row says."""
    return Words(row.title, row.body, row.link, row.data)


def columns(words: Words) -> dict[str, Any]:
    """As a row keeps it."""
    return {"title": words.title, "body": words.body, "link": words.link, "data": dict(words.data or {})}


def _text(what: str, text: str, least: int, most: int) -> None:
    if not least <= len(text) <= most:
        reason = _("{what} has {least} to {most} characters.").format(what=what, least=least, most=most)
        raise ContentInvalid(reason=reason)
    if any((ord(sign) < 32 and sign not in "\n\t") or 0xD800 <= ord(sign) < 0xE000 for sign in text):
        raise ContentInvalid(reason=_("{what} holds a control character.").format(what=what))
