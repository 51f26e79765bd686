"""What is new in the inboxes: asked every half second, and at once when Redis hints. One thread for each edge.

Everything up to the counter's value is visible when the value is, so "after the last value that I read, up to this
one" misses nothing (push.inbox.writing). A device that connects reads its own inbox after it has been counted in; so
whatever this loop had passed before is in that read, and whatever comes later is offered.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from django.db import close_old_connections, connections

from push.inbox import reading
from push.inbox.reading import Entry

log = logging.getLogger(__name__)

POLL_S = 0.5
_AT_ONCE = 2_000


class Audience(Protocol):
    """The part of the hub that the loop asks from its own thread."""

    open: int

    def who(self, host_app_id: str, device_id: str) -> bool:
        """Whether the device has a stream here."""


class Poller:
    """Reads what is new for the streams of this edge and hands it over."""

    def __init__(
        self, hub: Audience, deliver: Callable[[Sequence[Entry]], None], ready: Callable[[], None] = lambda: None
    ) -> None:
        """`deliver` and `ready` are called in the loop's thread; `ready` once, when the first poll has succeeded."""
        self._hub = hub
        self._deliver = deliver
        self._ready = ready
        self._last: int | None = None
        self._wake = threading.Event()

    def hint(self) -> None:
        """Something was appended: ask now."""
        self._wake.set()

    def start(self) -> None:
        """Find out where to begin, so that streams may open at once; a database that is away is asked again later."""
        try:
            self.poll()
        except Exception as wrong:
            log.warning("no streams until the database answers: %r", wrong)
        finally:
            connections.close_all()  # this thread is not the one that goes on

    def turn(self, stop: threading.Event) -> None:
        """Wait, then poll. `stop` is looked at by the caller at least every half second."""
        self._wake.wait(POLL_S)
        self._wake.clear()
        if not stop.is_set():
            self.poll()

    def poll(self) -> None:
        """Hand over what has become visible since the last time."""
        close_old_connections()
        try:
            self._poll()
        except Exception:
            connections.close_all()
            raise

    def _poll(self) -> None:
        upto = reading.latest()
        if self._last is None:
            self._last = upto
            self._ready()
        elif not self._hub.open:  # asked after the value was read: who comes now will read it himself
            self._last = max(self._last, upto)
        while self._last < upto:
            found = reading.addressees(after=self._last, upto=upto, limit=_AT_ONCE)
            wanted = [position for position, app, device in found if self._hub.who(app, device)]
            if wanted:
                self._deliver(reading.entries(wanted))
            self._last = found[-1][0] if len(found) == _AT_ONCE else upto
