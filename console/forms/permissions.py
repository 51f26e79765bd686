"""Forms of permissions, the catalogue of capabilities, and app secrets."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from console.forms.fields import LinesField
from miniapps.packages.declared import DOMAIN_USES


def _domains(label: Any) -> LinesField:
    return LinesField(
        label=label,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "class": "mono", "spellcheck": "false"}),
    )


class AskForm(forms.Form):
    """Permissions for every version of a mini-program on one host app."""

    host_app = forms.ChoiceField(label=_("Host app"))
    capabilities = forms.MultipleChoiceField(
        label=_("Capabilities"), required=False, widget=forms.CheckboxSelectMultiple
    )
    request = _domains(_("Domains for requests"))
    webview = _domains(_("Domains for web views"))
    upload = _domains(_("Domains for uploads"))
    download = _domains(_("Domains for downloads"))
    purpose = forms.CharField(
        label=_("What for"),
        required=False,
        max_length=4000,
        help_text=_("For whoever decides."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(
        self, *args: Any, apps: list[tuple[str, str]], capabilities: list[tuple[str, str]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.fields["host_app"].choices = apps  # type: ignore[attr-defined]
        self.fields["capabilities"].choices = capabilities  # type: ignore[attr-defined]
        self.fields["request"].help_text = _("One on each line: api.example.com or *.example.com. At most 30.")

    def reach(self) -> dict[str, list[str]]:
        """Domains by their use."""
        return {use: self.cleaned_data[use] for use in DOMAIN_USES}


class CapabilityForm(forms.Form):
    """A capability of the workspace's own host apps."""

    name = forms.CharField(
        label=_("Name"),
        max_length=64,
        help_text=_("What manifests and the host app call it, for example harbour.ticket."),
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false"}),
    )
    title = forms.CharField(label=_("Title"), max_length=64)
    description = forms.CharField(label=_("Description"), max_length=500, required=False)
    sensitive = forms.BooleanField(
        label=_("Sensitive"),
        required=False,
        initial=True,
        help_text=_("Never granted along with a version: somebody decides about it by itself."),
    )


class RotateForm(forms.Form):
    """How long the secret before stays valid."""

    overlap_hours = forms.IntegerField(
        label=_("Hours for which the old secret stays valid"), min_value=0, max_value=24, initial=0
    )
