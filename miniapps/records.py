"""The record kinds that miniapps loads, as the edge writes them. Pure: no Django."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ferry.journal.records import Id, Kinds, OfDevice, Stamped, User

PRIVACY_ACCEPTED = "privacy_accepted"
LINK_OPENED = "link_opened"


class PrivacyAccepted(OfDevice, kw_only=True):
    """Somebody on a device accepted a version of a mini-program's privacy agreement."""

    program: Id
    version: Annotated[int, Meta(ge=1, lt=1 << 31)]
    user: User = ""


class LinkOpened(Stamped, kw_only=True):
    """A short link was opened: its page, or by a host app that read its QR."""

    code: Annotated[str, Meta(min_length=1, max_length=32)]


ACCEPTANCES = Kinds({PRIVACY_ACCEPTED: PrivacyAccepted})
OPENINGS = Kinds({LINK_OPENED: LinkOpened})
