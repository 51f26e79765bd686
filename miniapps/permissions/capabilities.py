"""Capabilities that every catalogue has: what host apps of this kind commonly offer to mini-programs.

A name is what the package's manifest says and what the host's bridge is asked by. "Sensitive" ones are never granted
along with a version: somebody decides about each (miniapps.services.grants). A workspace adds its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,63}")


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """One capability of the built-in catalogue."""

    title: str | Promise
    description: str | Promise
    sensitive: bool


BUILT_IN: Mapping[str, BuiltIn] = {
    "scan": BuiltIn(_("Scan a code"), _("Open the scanner and read a bar code or QR code."), sensitive=False),
    "share": BuiltIn(_("Share a page"), _("Offer a page of the mini-program to other apps."), sensitive=False),
    "network": BuiltIn(_("Network state"), _("Know whether there is a network, and of which kind."), sensitive=False),
    "storage": BuiltIn(_("Storage"), _("Keep data of its own on the phone."), sensitive=False),
    "vibrate": BuiltIn(_("Vibrate"), _("Let the phone vibrate."), sensitive=False),
    "login": BuiltIn(_("Sign in"), _("Learn a code by which its own server recognises the user."), sensitive=False),
    "camera": BuiltIn(_("Camera"), _("Take pictures and videos."), sensitive=True),
    "microphone": BuiltIn(_("Microphone"), _("Record sound."), sensitive=True),
    "album": BuiltIn(_("Photos"), _("Read pictures that the user chooses, and save pictures."), sensitive=True),
    "location": BuiltIn(_("Location"), _("Know where the phone is."), sensitive=True),
    "phone_number": BuiltIn(_("Phone number"), _("Learn the user's phone number."), sensitive=True),
    "contacts": BuiltIn(_("Contacts"), _("Read contacts that the user chooses."), sensitive=True),
    "clipboard": BuiltIn(_("Clipboard"), _("Read and write the clipboard."), sensitive=True),
    "bluetooth": BuiltIn(_("Bluetooth"), _("Find and use devices nearby."), sensitive=True),
    "nfc": BuiltIn(_("NFC"), _("Read and write tags and cards."), sensitive=True),
    "biometric": BuiltIn(
        _("Fingerprint or face"), _("Let the user confirm with the phone's own check."), sensitive=True
    ),
    "payment": BuiltIn(_("Payment"), _("Ask the user to pay."), sensitive=True),
}


def is_name(text: str) -> bool:
    """Whether a capability may be called so."""
    return _NAME.fullmatch(text) is not None
