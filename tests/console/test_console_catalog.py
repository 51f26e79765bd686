"""The Chinese catalog holds every sentence of the product, finished, and the compiled file is the same."""

from __future__ import annotations

import string
from pathlib import Path

import polib
import pytest

from tests.console.sentences import Sentence, marked

FIX = "Run the commands of docs/console.md, section “Sentences and their translation”, and translate what is new."


@pytest.fixture(scope="module")
def folder(root: Path) -> Path:
    return root / "platform" / "ferry" / "locale" / "zh_Hans" / "LC_MESSAGES"


@pytest.fixture(scope="module")
def catalog(folder: Path) -> polib.POFile:
    return polib.pofile(str(folder / "django.po"))


def test_every_sentence_of_the_product_is_in_the_catalog(root: Path, catalog: polib.POFile):
    known = {
        Sentence(entry.msgid, plural=entry.msgid_plural, context=entry.msgctxt or "")
        for entry in catalog
        if not entry.obsolete
    }
    source = marked(root)
    assert len(source) > 500
    assert sorted(source - known) == [], FIX
    assert sorted(known - source) == [], f"No longer in the source. {FIX}"


def test_no_sentence_is_unfinished(catalog: polib.POFile):
    assert [entry.msgid for entry in catalog.fuzzy_entries()] == []
    assert [entry.msgid for entry in catalog.untranslated_entries()] == []
    assert [entry.msgid for entry in catalog.obsolete_entries()] == []


def test_a_translation_keeps_the_places_that_are_filled_in(catalog: polib.POFile):
    wrong = [
        (entry.msgid, text)
        for entry in catalog
        for text in (entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr])
        if _places(text) != _places(entry.msgid_plural or entry.msgid)
    ]
    assert wrong == []


def test_the_compiled_catalog_is_up_to_date(folder: Path, catalog: polib.POFile):
    compiled = polib.mofile(str(folder / "django.mo"))
    assert _entries(compiled) == _entries(catalog), f"Compile it again. {FIX}"


def _entries(file: polib.POFile | polib.MOFile) -> dict[tuple[str, str], object]:
    return {(entry.msgctxt or "", entry.msgid): entry.msgstr_plural or entry.msgstr for entry in file}


def _places(text: str) -> set[str]:
    """The names in {braces} and %(parentheses)s."""
    percents = {part.split(")")[0] for part in text.split("%(")[1:]}
    try:
        braces = {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name}
    except ValueError:
        braces = set()
    return percents | braces
