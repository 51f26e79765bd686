"""Forms of sign-in, host apps, members and tokens."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from console import words
from console.forms.fields import LinesField


class SignInForm(forms.Form):
    """E-mail and password."""

    email = forms.CharField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class PasswordForm(forms.Form):
    """A new password, with the old one as proof."""

    current = forms.CharField(
        label=_("Current password"),
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label=_("New password"),
        strip=False,
        max_length=1024,
        help_text=_("At least 10 characters, and nothing that is easy to guess."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("New password again"),
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Both new passwords must be the same."""
        data = super().clean() or {}
        if data.get("new") != data.get("again"):
            self.add_error("again", _("The two new passwords differ. Type the same one twice."))
        return data


class HostAppForm(forms.Form):
    """A host app: what it is, where it runs, how often it asks."""

    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("As people call the app, for example “City Bank”.")
    )
    environment = forms.ChoiceField(
        label=_("Environment"),
        choices=words.choices("environment"),
        widget=forms.RadioSelect,
        initial="production",
        help_text=_("Try in test first. A version approved there is promoted to production byte for byte."),
    )
    platforms = forms.MultipleChoiceField(
        label=_("Platforms"),
        choices=words.choices("platform"),
        widget=forms.CheckboxSelectMultiple,
        initial=["ios", "android", "harmony", "web"],
    )
    cors_origins = LinesField(
        label=_("Web origins"),
        required=False,
        help_text=_("One on each line, for example https://app.example.com. Only needed for web hosts."),
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
    )
    check_interval_s = forms.IntegerField(
        label=_("Seconds between check-ins"),
        initial=1800,
        help_text=_("How long a device waits before it asks again by itself. 1800 is half an hour."),
    )
    link_base = forms.CharField(
        label=_("Link base"),
        max_length=200,
        required=False,
        help_text=_(
            "What links into the app begin with: a scheme of its own, for example harbour://open, or an https address"
            " that opens the app. Empty: no links."
        ),
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false", "placeholder": "harbour://open"}),
    )
    consent = forms.ChoiceField(
        label=_("Consent"), choices=words.choices("consent"), widget=forms.RadioSelect, initial="handled_by_app"
    )


class HostAppSettingsForm(HostAppForm):
    """The same for an app that exists: the environment stays, the app can be switched off."""

    environment = None  # type: ignore[assignment]
    checkins_per_second = forms.IntegerField(
        label=_("Most check-ins per second"),
        help_text=_("Over all edges together. Beyond it devices are asked to wait."),
    )
    active = forms.BooleanField(
        label=_("Active"), required=False, help_text=_("While it is switched off, its devices are refused.")
    )


class KeyNameForm(forms.Form):
    """A name for a new server key."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("Who uses it, for example “account service”."))


class UserTokenKeyForm(KeyNameForm):
    """A key with which the company's server proves who a user is."""

    alg = forms.ChoiceField(
        label=_("Algorithm"),
        choices=[("ES256", "ES256"), ("RS256", "RS256"), ("HS256", "HS256")],
        help_text=_("ES256 and RS256: paste your public key. HS256: Ferry makes a secret and shows it once."),
    )
    public_pem = forms.CharField(
        label=_("Public key (PEM)"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"}),
    )


class MemberForm(forms.Form):
    """A new member."""

    email = forms.CharField(label=_("E-mail"), max_length=254, widget=forms.EmailInput())
    name = forms.CharField(label=_("Name"), max_length=120)
    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=words.choices("role"), widget=forms.CheckboxSelectMultiple
    )


class RolesForm(forms.Form):
    """The roles of a member."""

    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=words.choices("role"), widget=forms.CheckboxSelectMultiple
    )


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("What uses it, for example “CI pipeline”."))
    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=words.choices("role"), widget=forms.CheckboxSelectMultiple
    )
    days = forms.IntegerField(label=_("Valid for days"), initial=90, min_value=1, max_value=366)
    allowed_networks = LinesField(
        label=_("Only from these networks"),
        required=False,
        help_text=_("One on each line, for example 10.0.0.0/8. Empty: from anywhere."),
        widget=forms.Textarea(attrs={"rows": 2, "class": "mono", "spellcheck": "false"}),
    )
