"""Forms of categories, privacy agreements and short links."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from console.forms.fields import LinesField
from miniapps.models import Category, PrivacyAgreement
from miniapps.services.categories import Shelf

_LONGEST_TEXT = 2000


class CategoriesForm(forms.Form):
    """The whole list: `id | English | 中文` on each line."""

    lines = LinesField(
        label=_("Categories, in their order"),
        required=False,
        help_text=_("One on each line: id | English name | Chinese name. The id is what mini-programs name."),
        widget=forms.Textarea(attrs={"rows": 10, "class": "mono", "spellcheck": "false"}),
    )

    @staticmethod
    def initial_of(rows: Iterable[Category]) -> dict[str, list[str]]:
        """The list, to be changed."""
        return {"lines": [_line(row) for row in rows]}

    def shelves(self) -> list[Shelf]:
        """The lines as the service takes them; it judges them."""
        return [_shelf(line) for line in self.cleaned_data["lines"]]


def _line(row: Category) -> str:
    return " | ".join((row.key, row.names.get("en", ""), row.names.get("zh-Hans", ""))).rstrip(" |")


def _shelf(line: str) -> Shelf:
    parts: Iterable[str] = [part.strip() for part in line.split("|", 2)]
    key, english, chinese = [*parts, "", ""][:3]
    names = {language: name for language, name in (("en", english), ("zh-Hans", chinese)) if name}
    return Shelf(key, names or {"en": key})


class PrivacyForm(forms.Form):
    """A new version of a privacy agreement."""

    text_en = forms.CharField(
        label=_("Text, English"),
        required=False,
        max_length=_LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("What the sheet on the phone says, in a few sentences."),
    )
    text_zh = forms.CharField(
        label=_("Text, Chinese"), required=False, max_length=_LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 5})
    )
    url_en = forms.CharField(
        label=_("Address of the whole agreement, English"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"class": "mono", "placeholder": "https://"}),
    )
    url_zh = forms.CharField(
        label=_("Address of the whole agreement, Chinese"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"class": "mono", "placeholder": "https://"}),
    )

    @staticmethod
    def initial_of(agreement: PrivacyAgreement | None) -> dict[str, str]:
        """The newest version, to be changed."""
        if agreement is None:
            return {}
        told = {"text": agreement.text, "url": agreement.url}
        languages = (("en", "en"), ("zh", "zh-Hans"))
        return {f"{kind}_{short}": said.get(tag, "") for kind, said in told.items() for short, tag in languages}

    def values(self) -> dict[str, dict[str, str]]:
        """The texts and addresses by language."""
        data = self.cleaned_data
        return {kind: {"en": data[f"{kind}_en"], "zh-Hans": data[f"{kind}_zh"]} for kind in ("text", "url")}


class LinkForm(forms.Form):
    """A new short link."""

    host_app = forms.ChoiceField(label=_("Host app"), help_text=_("Those with a link base in their settings."))
    program = forms.ChoiceField(label=_("Mini-program"))
    name = forms.CharField(
        label=_("Name"), required=False, max_length=120, help_text=_("Where it will stand, for example “poster”.")
    )
    path = forms.CharField(
        label=_("Page"),
        required=False,
        max_length=512,
        help_text=_("A path inside the package. Empty: where it starts."),
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false", "placeholder": "pages/order.html"}),
    )
    query = forms.CharField(
        label=_("Query"),
        required=False,
        max_length=1024,
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false", "placeholder": "from=poster"}),
    )
    days = forms.IntegerField(
        label=_("Lasts, in days"),
        required=False,
        min_value=1,
        max_value=3650,
        help_text=_("Empty: until somebody ends it."),
    )

    def __init__(
        self, *args: Any, apps: list[tuple[str, str]], programs: list[tuple[str, str]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.fields["host_app"].choices = apps  # type: ignore[attr-defined]
        self.fields["program"].choices = programs  # type: ignore[attr-defined]
