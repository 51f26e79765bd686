"""The loader's side of shipping: which segments other hosts have left in the storage, and when they may be forgotten.

A shipped segment is read like one of this folder and has its cursor under its own name, so a second copy of it finds
the cursor done and only goes. One whose length is not the one in its name is still on its way. The cursor of a loaded
one is kept until its edge has let go of its copy, and a day longer: an upload of a killed edge may arrive late.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from ferry.journal import recording
from ferry.journal.folder import PROCESS, SEGMENT
from ferry.journal.models import Cursor
from ferry.journal.shipping import HOST, LET_GO, SEGMENTS
from ferry.kernel import clock, storage
from ferry.kernel.storage import NamedFiles, StorageAway

log = logging.getLogger(__name__)

LATEST_UPLOAD = timedelta(days=1)
_LIST_S = 5.0  # between two looks into the storage
_PAUSE_S = 30.0  # after a failed one
_SHIPPED = re.compile(
    rf"{SEGMENTS}/{HOST.pattern}/(?P<name>{PROCESS.pattern}/{SEGMENT.pattern})\.(?P<bytes>[0-9]{{1,15}})"
)
_MARK = re.compile(rf"{LET_GO}/{HOST.pattern}/(?P<name>.+)")


@dataclass(frozen=True, slots=True)
class Shipped:
    """A whole segment in the storage."""

    shipped: ClassVar[bool] = True
    closed: ClassVar[bool] = True
    name: str  # as its edge called it: the cursor's key and the checksums' seed
    place: str
    length: int
    files: NamedFiles = field(repr=False)

    def bytes_at(self, position: int, limit: int) -> bytes:
        wanted = min(limit, self.length - position)
        if wanted <= 0:
            return b""
        data = self.files.read(self.place, position, wanted)
        if len(data) != wanted:  # a short answer must not pass for the segment's end
            raise StorageAway(f"{self.place}: {len(data)} bytes came of {wanted} from {position} on")
        return data

    def size(self) -> int:
        return self.length


def found(files: NamedFiles) -> list[Shipped]:
    """What lies in the storage, whole. Raises StorageAway."""
    whole = []
    for place, size, _ in files.list(SEGMENTS):
        match = _SHIPPED.fullmatch(place)
        if match is not None and size == int(match["bytes"]):
            whole.append(Shipped(match["name"], place, size, files))
    return whole


class Arrivals:
    """What one loader knows of the storage. A storage that is away never keeps it from its own folder."""

    def __init__(self, files: NamedFiles, *, list_seconds: float = _LIST_S) -> None:
        self._files = files
        self._list_seconds = list_seconds
        self._known: dict[str, Shipped] = {}  # by place
        self._look_at = 0.0

    @classmethod
    def configured(cls) -> Arrivals | None:
        """None where the settings name no storage."""
        files = storage.handed_over()
        return None if files is None else cls(files)

    def segments(self) -> list[Shipped]:
        """What is to be loaded or removed. It may be some seconds old."""
        if time.monotonic() >= self._look_at:
            try:
                self._known = {segment.place: segment for segment in found(self._files)}
                self._look_at = time.monotonic() + self._list_seconds
            except StorageAway as error:
                self.rest(error)
        return list(self._known.values())

    def rest(self, error: Exception) -> None:
        """The storage has failed: leave it alone for a while."""
        log.warning("shipped segments wait for the storage: %s", error)
        self._known, self._look_at = {}, time.monotonic() + _PAUSE_S

    def remove(self, segments: Iterable[Shipped]) -> None:
        """Delete what is loaded. What cannot be deleted now is found again, with its cursor done."""
        try:
            for segment in segments:
                self._known.pop(segment.place, None)
                self._files.delete(segment.place)
        except StorageAway as error:
            self.rest(error)

    def forget(self) -> None:
        """Drop the cursors of segments that nobody has a copy of any more, and then the marks that say so."""
        try:
            marks = [mark for mark in self._files.list(LET_GO) if mark.modified < clock.now() - LATEST_UPLOAD]
            here = {segment.name for segment in found(self._files)}  # after the marks: who let go had shipped before
            named = [(mark.name, match["name"]) for mark in marks if (match := _MARK.fullmatch(mark.name))]
            cursors = recording.cursors(name for _, name in named)
            for place, name in named:
                cursor = cursors.get(name)
                if name not in here and (cursor is None or cursor.done):
                    Cursor.objects.filter(segment=name, done=True, shipped=True).delete()
                    self._files.delete(place)
        except StorageAway as error:
            self.rest(error)
