"""The record kinds that miniapps loads, as the edge writes them. Pure: no Django.

`at` is the edge's receive time in milliseconds since the epoch, `seq` a counter of the edge process.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

PRIVACY_ACCEPTED = "privacy_accepted"
LINK_OPENED = "link_opened"

Id = Annotated[str, Meta(min_length=1, max_length=64)]
HostAppId = Annotated[str, Meta(pattern=r"^[0-9a-z]{26}$")]
Milliseconds = Annotated[int, Meta(gt=0, lt=4_102_444_800_000)]  # before the year 2100
Sequence = Annotated[int, Meta(ge=0, lt=1 << 62)]


class _Stamped(Struct, kw_only=True):
    host_app: HostAppId
    at: Milliseconds
    seq: Sequence

    @property
    def day(self) -> date:
        return self.moment.date()

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.at / 1000, UTC)


class PrivacyAccepted(_Stamped, kw_only=True):
    """Somebody on a device accepted a version of a mini-program's privacy agreement."""

    device: Id
    program: Id
    version: Annotated[int, Meta(ge=1, lt=1 << 31)]
    user: Annotated[str, Meta(max_length=200)] = ""


class LinkOpened(_Stamped, kw_only=True):
    """A short link was opened: its page, or by a host app that read its QR."""

    code: Annotated[str, Meta(min_length=1, max_length=32)]


class _Label(Struct):
    host_app: HostAppId
    at: Milliseconds


_decoders: dict[str, msgspec.json.Decoder[Any]] = {
    PRIVACY_ACCEPTED: msgspec.json.Decoder(PrivacyAccepted),
    LINK_OPENED: msgspec.json.Decoder(LinkOpened),
}
_label = msgspec.json.Decoder(_Label)


def decode(kind: str, payload: bytes) -> Any:
    """The record of this kind. Raises msgspec.DecodeError, which names the field."""
    if b"\\u0000" in payload:
        raise msgspec.ValidationError("a text holds a NUL character")
    return _decoders[kind].decode(payload)


def label(payload: bytes) -> tuple[str, date] | None:
    """Host app and received day of a record of either kind; None when it does not say."""
    try:
        found = _label.decode(payload)
    except msgspec.DecodeError:
        return None
    return found.host_app, datetime.fromtimestamp(found.at / 1000, UTC).date()
