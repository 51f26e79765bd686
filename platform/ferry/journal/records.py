"""What the apps' records have in common: who and when, bounded texts, and how a kind is read back. Pure: no Django.

The edge's routes write these members. Every text is bounded, so that nothing longer than its column reaches the
database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta, Struct

Id = Annotated[str, Meta(min_length=1, max_length=64)]
MessageId = Annotated[str, Meta(min_length=1, max_length=100)]
HostAppId = Annotated[str, Meta(pattern=r"^[0-9a-z]{26}$")]
User = Annotated[str, Meta(max_length=200)]
Milliseconds = Annotated[int, Meta(gt=0, lt=4_102_444_800_000)]  # before the year 2100
Sequence = Annotated[int, Meta(ge=0, lt=1 << 62)]


class Stamped(Struct, kw_only=True):
    """A record of a host app, as an edge received it."""

    host_app: HostAppId
    at: Milliseconds  # the edge's receive time, since the epoch
    seq: Sequence  # a counter of the edge process

    @property
    def position(self) -> tuple[int, int]:
        """Orders the records of a device."""
        return self.at, self.seq

    @property
    def moment(self) -> datetime:
        return moment(self.at)

    @property
    def day(self) -> date:
        """The UTC day of `at`."""
        return day_of(self.at)


class OfDevice(Stamped, kw_only=True):
    """A record of a device."""

    device: Id


R = TypeVar("R", bound=Stamped)


class Kinds(Generic[R]):
    """The kinds of records that one handler loads, each with its type."""

    def __init__(self, types: Mapping[str, type[R]]) -> None:
        self._decode: dict[str, Callable[[bytes], R]] = {
            kind: msgspec.json.Decoder(of).decode for kind, of in types.items()
        }

    def __iter__(self) -> Iterator[str]:
        return iter(self._decode)

    def decode(self, kind: str, payload: bytes) -> R:
        """The record of this kind. Raises msgspec.DecodeError, which names the field.

        A NUL is refused with the rest: PostgreSQL stores none, and no honest device sends one.
        """
        if b"\\u0000" in payload:
            raise msgspec.ValidationError("a text holds a NUL character")
        return self._decode[kind](payload)


class _Label(Struct):
    host_app: HostAppId
    at: Milliseconds


_label = msgspec.json.Decoder(_Label)


def label(payload: bytes) -> tuple[str, date] | None:
    """Host app and received day of a record of any kind here, whatever else is wrong with it; None: it does not say."""
    try:
        found = _label.decode(payload)
    except msgspec.DecodeError:
        return None
    return found.host_app, day_of(found.at)


def day_of(milliseconds: int) -> date:
    """The UTC day of an edge receive time."""
    return moment(milliseconds).date()


def moment(milliseconds: int) -> datetime:
    """An edge receive time."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
