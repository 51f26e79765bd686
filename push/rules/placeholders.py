"""{{placeholders}} in titles, bodies, links and data values. Pure.

Plain substitution and nothing more: no conditions, no filters, and a value is never read as a template again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

_HOLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]{0,39})\s*\}\}")
_BRACES = re.compile(r"\{\{|\}\}")


@dataclass(frozen=True, slots=True)
class Words:
    """What a message says, with or without holes."""

    title: str
    body: str
    link: str = ""
    data: Mapping[str, str] | None = None


def names(texts: Iterable[str]) -> set[str]:
    """The placeholders in these texts. Raises ValueError with the text whose braces are no placeholder."""
    found: set[str] = set()
    for text in texts:
        if _BRACES.search(_HOLE.sub("", text)):
            raise ValueError(text)
        found.update(_HOLE.findall(text))
    return found


def texts(words: Words) -> list[str]:
    """Every text of it that may hold a placeholder."""
    return [words.title, words.body, words.link, *(words.data or {}).values()]


def fill(words: Words, values: Mapping[str, str]) -> Words:
    """`words` with the values put in. Every placeholder must have one: see `names`."""

    def put(text: str) -> str:
        return _HOLE.sub(lambda hole: values[hole[1]], text) if "{{" in text else text

    data = {key: put(text) for key, text in (words.data or {}).items()}
    return replace(words, title=put(words.title), body=put(words.body), link=put(words.link), data=data)
