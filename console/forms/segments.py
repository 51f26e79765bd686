"""Forms of segments: rules by the condition editor, lists as lines or as a file."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from analytics.segments.models import Segment, SegmentField, SegmentKind
from console import words
from console.forms.conditions import conditions
from console.forms.fields import LinesField
from ferry.kernel.publishing import sets

LARGEST_FILE = 64 << 20  # bytes: 2,000,000 ids, the most that a list may hold, of 32 characters


class IdsFile(forms.FileField):
    """A text file with an id on each line; its value is the lines."""

    widget = forms.FileInput(attrs={"accept": ".txt,.csv,text/plain,text/csv"})

    def clean(self, data: Any, initial: Any = None) -> Any:
        """The lines, or None where no file was chosen."""
        file = super().clean(data, initial)
        if not isinstance(file, UploadedFile):
            return None
        if (file.size or 0) > LARGEST_FILE:
            limit = LARGEST_FILE >> 20
            raise ValidationError(_("The file is larger than %(limit)s MB. Split it."), params={"limit": limit})
        try:
            ids = [line.decode("utf-8-sig").strip() for line in islice(file, sets.MOST + 1)]
        except UnicodeDecodeError:
            raise ValidationError(_("The file is no UTF-8 text. Save it as one, with an id on each line.")) from None
        if len(ids) > sets.MOST:
            raise ValidationError(_("The file has more than %(limit)s lines."), params={"limit": sets.MOST})
        return ids


def _lines(label: Any, help_text: Any = "") -> LinesField:
    widget = forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"})
    return LinesField(label=label, required=False, help_text=help_text, widget=widget)


class SegmentForm(forms.Form):
    """What every segment has. `conditions` are the rows of the editor."""

    name = forms.CharField(label=_("Name"), max_length=120)
    description = forms.CharField(
        label=_("Description"), max_length=500, required=False, help_text=_("Whom it is about, and what it is for.")
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.conditions = conditions(self.data) if isinstance(self.data, QueryDict) else []


class NewSegmentForm(SegmentForm):
    """A new segment of rules or of a list."""

    kind = forms.ChoiceField(choices=[("rules", "rules"), ("list", "list")], initial="rules")
    field = forms.ChoiceField(label=_("The list holds"), choices=lambda: words.choices("list_field"), required=False)
    members = _lines(_("Ids"), _("One on each line. They count once they are verified."))
    file = IdsFile(label=_("Or a file of ids"), required=False, help_text=_("Text with an id on each line."))

    def segment(self) -> dict[str, Any]:
        """The values as analytics.segments.services takes them."""
        data = self.cleaned_data
        about = {"name": data["name"], "description": data["description"]}
        if data["kind"] == "rules":
            return {**about, "constraints": self.conditions}
        ids = [*data["members"], *(data["file"] or ())]
        return {**about, "members": ids, "field": data["field"] or SegmentField.USER}


class SegmentChangeForm(SegmentForm):
    """A segment as it is, to be changed. `seen` says which state of it the form was filled from."""

    seen = forms.DateTimeField(widget=forms.HiddenInput)
    add = _lines(_("Add ids"), _("One on each line."))
    remove = _lines(_("Remove ids"))
    file = IdsFile(
        label=_("Replace the list by a file"),
        required=False,
        help_text=_("Text with an id on each line. Whoever is not in it is off the list."),
    )

    def __init__(self, *args: Any, segment: Segment, **options: Any) -> None:
        filled = {"name": segment.name, "description": segment.description, "seen": segment.updated_at.isoformat()}
        super().__init__(*args, initial=filled, **options)
        if segment.kind != SegmentKind.LIST:
            for name in ("add", "remove", "file"):
                del self.fields[name]
        if not self.is_bound:
            self.conditions = segment.constraints

    def change(self, *, rules: bool) -> dict[str, Any]:
        """The values as analytics.segments.services takes them; the constraints go along where `rules` were shown."""
        data = dict(self.cleaned_data)
        if "file" in data:
            data["members"] = data.pop("file")
        return {**data, "constraints": self.conditions} if rules else data
