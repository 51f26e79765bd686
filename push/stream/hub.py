"""Who is connected to this edge, and what they still have to be sent. Lives on the event loop, waits for nothing.

The poller's thread asks `who`, a plain dictionary look-up, and hands entries over by call_soon_threadsafe.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from enum import Enum

from push.inbox.reading import Entry
from push.stream.errors import StreamsFull

MOST_OF_A_DEVICE = 4  # tabs of a browser share a device; the oldest makes room
MOST_WAITING = 200  # entries that a slow reader may leave lying before it is dropped
Key = tuple[str, str]  # host app, device


class End(Enum):
    """Why a stream ends. Each time the device comes back with its cursor and has lost nothing."""

    GONE = "gone"  # the device hung up
    REPLACED = "replaced"  # it opened one more than it may have
    SLOW = "slow"
    OLD = "old"
    FULL_REPLAY = "full_replay"  # more waited than one answer holds
    DRAINING = "draining"


class Connection:
    """One open stream."""

    __slots__ = ("_deaf", "_waiting", "_wake", "end", "key", "sent_to", "user")

    def __init__(self, key: Key, user: str | None) -> None:
        self.key = key
        self.user = user  # verified, as the device's token says; None: it does not say
        self.sent_to = 0  # position of the last entry that was given to the socket
        self.end: End | None = None
        self._deaf = False
        self._waiting: deque[Entry] = deque()
        self._wake = asyncio.Event()

    def offer(self, entry: Entry) -> None:
        """Something new for the device. Too much of it ends the stream: memory is for those who read."""
        if self._deaf or self.end is not None or not self.may_see(entry):
            return
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.clear()
            self.close(End.SLOW)
            return
        self._waiting.append(entry)
        self._wake.set()

    def may_see(self, entry: Entry) -> bool:
        """A message for a user is not for another one who has signed in on the device since."""
        return not entry.user or self.user is None or entry.user == self.user

    def close(self, end: End) -> None:
        """End the stream; what waits already is still sent. The first reason holds."""
        if self.end is None:
            self.end = end
            self._wake.set()

    def cut(self) -> None:
        """More waits in the inbox than was read: end before anything newer overtakes it."""
        self._deaf = True
        self._waiting.clear()
        self.close(End.FULL_REPLAY)

    def take(self) -> list[Entry]:
        """What is to be sent now, in order, each entry once: replay and poller may both bring it."""
        taken = []
        while self._waiting:
            entry = self._waiting.popleft()
            if entry.position > self.sent_to:
                self.sent_to = entry.position
                taken.append(entry)
        return taken

    async def something(self, seconds: float) -> bool:
        """Wait until there is something to send or the stream ends; False after so many seconds of silence."""
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return False
        self._wake.clear()
        return True


class Hub:
    """All streams of this process."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.open = 0
        self.delivered = 0
        self.ended: dict[End, int] = dict.fromkeys(End, 0)
        self.ready = False  # the poller knows where it stands; before that an entry could slip through
        self.draining = False
        self._by_device: dict[Key, list[Connection]] = {}

    def add(self, connection: Connection) -> None:
        """Count it in: from now on it is offered everything new. Raises StreamsFull."""
        if not self.ready or self.draining or self.open >= self.most:
            raise StreamsFull(retry_after=1 if not self.ready or self.draining else 30)
        of_device = self._by_device.setdefault(connection.key, [])
        if len(of_device) >= MOST_OF_A_DEVICE:
            of_device.pop(0).close(End.REPLACED)
        of_device.append(connection)
        self.open += 1

    def remove(self, connection: Connection) -> None:
        """Forget it."""
        self.open -= 1
        self.ended[connection.end or End.GONE] += 1
        of_device = self._by_device.get(connection.key, [])
        if connection in of_device:
            of_device.remove(connection)
        if not of_device:
            self._by_device.pop(connection.key, None)

    def who(self, host_app_id: str, device_id: str) -> bool:
        """Whether the device has a stream here. May be asked from another thread."""
        return (host_app_id, device_id) in self._by_device

    def deliver(self, entries: Iterable[Entry]) -> None:
        """Offer each entry to the streams of its device."""
        for entry in entries:
            for connection in self._by_device.get((entry.host_app_id, entry.device_id), ()):
                connection.offer(entry)
                self.delivered += 1

    def drain(self) -> None:
        """The process ends: end all streams, so that their devices find another edge at once."""
        self.draining = True
        for of_device in self._by_device.values():
            for connection in of_device:
                connection.close(End.DRAINING)
