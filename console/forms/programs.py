"""Forms of mini-programs, their versions and reviews."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from console import words
from ferry.kernel.identity.models import PLATFORMS


class ProgramForm(forms.Form):
    """What people see of a mini-program."""

    name = forms.CharField(label=_("Name"), max_length=64, help_text=_("As users see it under the icon."))
    description = forms.CharField(
        label=_("Description"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    category = forms.CharField(
        label=_("Category"), max_length=64, required=False, help_text=_("Groups programs in the directory.")
    )
    order = forms.IntegerField(
        label=_("Place in the directory"),
        initial=0,
        min_value=-1_000_000,
        max_value=1_000_000,
        help_text=_("Smaller numbers come first."),
    )
    icon = forms.FileField(
        label=_("Icon"),
        required=False,
        help_text=_("A square PNG, JPEG or WebP of 512 by 512 pixels. All sizes are made from it."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )


class NewProgramForm(ProgramForm):
    """The same with the id, which stays for life."""

    program_id = forms.CharField(
        label=_("Id"),
        max_length=64,
        required=False,
        help_text=_("What host apps call it. Empty: 16 digits are chosen for you. It cannot be changed later."),
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false"}),
    )
    field_order = ["name", "program_id", "description", "category", "order", "icon"]


class UploadForm(forms.Form):
    """A new version: the archive, and what its manifest leaves open."""

    archive = forms.FileField(
        label=_("Package (.zip)"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".zip,.ma,.amr,.wgt,application/zip", "required": True}),
    )
    upload = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput())  # the script sent it before
    name = forms.CharField(
        label=_("Version name"), max_length=64, required=False, help_text=_("For people, for example 1.3.0.")
    )
    code = forms.IntegerField(
        label=_("Version code"),
        required=False,
        min_value=1,
        max_value=2_147_483_647,
        help_text=_("Grows with every version. Empty: the next number."),
    )
    notes = forms.CharField(
        label=_("What is new"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for platform in PLATFORMS:
            name = str(words.look("platform", platform)[0])
            for end, label in (("min", _("{platform} from")), ("max", _("{platform} up to"))):
                self.fields[f"{platform}_{end}"] = forms.CharField(
                    label=label.format(platform=name),
                    max_length=32,
                    required=False,
                    widget=forms.TextInput(attrs={"placeholder": "6.0.0" if end == "min" else _("open")}),
                )

    def clean(self) -> dict[str, Any]:
        """The package came with the form, or before it in pieces."""
        data = super().clean() or {}
        if not data.get("archive") and not data.get("upload"):
            self.add_error("archive", _("Choose the package."))
        return data

    def host_range(self) -> dict[str, dict[str, str | None]] | None:
        """The range as services take it; None when nothing was typed, so that the manifest's counts."""
        typed = {
            platform: {"min": self.cleaned_data[f"{platform}_min"], "max": self.cleaned_data[f"{platform}_max"] or None}
            for platform in PLATFORMS
            if self.cleaned_data[f"{platform}_min"] or self.cleaned_data[f"{platform}_max"]
        }
        return typed or None

    def ranges(self) -> list[tuple[str, Any, Any]]:
        """The pairs of range fields, for the template."""
        return [(platform, self[f"{platform}_min"], self[f"{platform}_max"]) for platform in PLATFORMS]
