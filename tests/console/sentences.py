"""Every sentence that the source marks for translation, found without the gettext tools.

Python files are read as syntax trees, templates through Django's own `templatize`, which turns tags into calls.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.utils.translation.template import templatize

PACKAGES = ("platform/ferry", "analytics", "miniapps", "push", "console")
_ONE = {"_", "gettext", "gettext_lazy", "gettext_noop"}
_MANY = {"ngettext", "ngettext_lazy"}
_NEAR = {"pgettext", "pgettext_lazy"}
_TEXT = r"u?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
_TEMPLATE_CALL = re.compile(rf"\b(_|gettext|ngettext|pgettext)\({_TEXT}(?:, ?{_TEXT})?", re.S)


class Sentence(NamedTuple):
    """What a catalog entry is found by."""

    text: str
    plural: str = ""
    context: str = ""


def marked(root: Path) -> set[Sentence]:
    """The sentences of the whole product."""
    found: set[Sentence] = set()
    for package in PACKAGES:
        for path in (root / package).rglob("*.py"):
            found.update(_in_python(path.read_text()))
        for path in (root / package).rglob("templates/**/*.html"):
            found.update(_in_template(path.read_text()))
    return {sentence for sentence in found if sentence.text}


def _in_python(source: str) -> Iterator[Sentence]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        texts = [part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        if name in _ONE and len(texts) == 1 and len(node.args) == 1:
            yield Sentence(texts[0])
        elif name in _MANY and len(texts) == 2:
            yield Sentence(texts[0], plural=texts[1])
        elif name in _NEAR and len(texts) == 2:
            yield Sentence(texts[1], context=texts[0])


def _in_template(source: str) -> Iterator[Sentence]:
    for match in _TEMPLATE_CALL.finditer(templatize(source)):
        name, first, second = match[1], ast.literal_eval(match[2]), ast.literal_eval(match[3]) if match[3] else ""
        if name == "ngettext":
            yield Sentence(first, plural=second)
        elif name == "pgettext":
            yield Sentence(second, context=first)
        else:
            yield Sentence(first)
