"""Forms of preset bundles, imports and trusted exporters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from console import words
from ferry.kernel.identity.models import HostApp
from miniapps.models import MiniProgram


class PresetForm(forms.Form):
    """What a bundle holds, and the build that it goes into."""

    programs = forms.MultipleChoiceField(
        label=_("Mini-programs"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Each in the version that everybody gets. None ticked: all of them."),
    )
    platform = forms.ChoiceField(label=_("Platform of the build"), required=False)
    host_version = forms.CharField(
        label=_("Version of the build"),
        required=False,
        max_length=64,
        help_text=_("With a platform, for example 6.3.0: the bundle has the versions that this build can open."),
    )

    def __init__(self, *args: Any, app: HostApp, programs: Iterable[MiniProgram], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["programs"].choices = [(one.program_id, one.name) for one in programs]  # type: ignore[attr-defined]
        platforms = [(name, words.look("platform", name)[0]) for name in app.platforms]
        self.fields["platform"].choices = [("", _("Any")), *platforms]  # type: ignore[attr-defined]


class ImportForm(forms.Form):
    """An export file."""

    file = forms.FileField(label=_("Export file"), widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}))


class TrustForm(forms.Form):
    """Whose exports are taken from now on, and for which host app its approvals count."""

    file = forms.FileField(
        label=_("An export of that workspace"),
        help_text=_("It names the key. Nothing of it is imported yet."),
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
    )
    fingerprint = forms.CharField(
        label=_("Fingerprint of its key"),
        max_length=128,
        help_text=_("As the exporter says it, by telephone or on paper, never out of the file."),
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
    )
    there = forms.CharField(
        label=_("App key there"),
        max_length=64,
        required=False,
        help_text=_("Its approvals for this host app there count for the one chosen below. Empty: none count."),
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "placeholder": "fa_…"}),
    )
    here = forms.ChoiceField(label=_("Host app here"), required=False)

    def __init__(self, *args: Any, apps: Iterable[HostApp], **options: Any) -> None:
        super().__init__(*args, **options)
        named = [(app.pk, f"{app.name} · {words.look('environment', app.environment)[0]}") for app in apps]
        self.fields["here"].choices = [("", "–"), *named]  # type: ignore[attr-defined]

    def approvals(self) -> dict[str, str]:
        """App key there → host app here, where both are given."""
        there, here = self.cleaned_data["there"].strip(), self.cleaned_data["here"]
        return {there: here} if there and here else {}
