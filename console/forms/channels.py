"""The form of a host app's account with Apple."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from push.engines.apns.accounts import HOSTS

LARGEST_KEY = 4000  # bytes; Apple's .p8 files have about 260
_MONO = {"class": "mono", "autocomplete": "off", "spellcheck": "false"}


class ApnsForm(forms.Form):
    """The account as Apple's developer pages name it. The key goes in and never comes out again."""

    team_id = forms.CharField(label=_("Team id"), max_length=10, widget=forms.TextInput(attrs=_MONO))
    key_id = forms.CharField(label=_("Key id"), max_length=10, widget=forms.TextInput(attrs=_MONO))
    topic = forms.CharField(
        label=_("Bundle id of the app"),
        max_length=155,
        widget=forms.TextInput(attrs={**_MONO, "placeholder": "com.example.app"}),
    )
    environment = forms.ChoiceField(
        label=_("Apple's environment"),
        choices=[(name, name) for name in HOSTS],
        help_text=_("production: from the App Store and TestFlight. sandbox: as Xcode installs it."),
    )
    key = forms.FileField(
        label=_("Key file (.p8)"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".p8"}),
    )

    def __init__(self, *args: Any, known: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["key"].required = not known
        if known:
            self.fields["key"].help_text = _("Left out, the key that is there stays. It is never shown again.")

    def clean_key(self) -> str:
        """The text of the file."""
        file = self.cleaned_data["key"]
        if not file:
            return ""
        if file.size > LARGEST_KEY:
            raise ValidationError(_("This is no .p8 file from Apple: it is too large."))
        return str(file.read().decode("utf-8", "replace"))
