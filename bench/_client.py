"""A bounded HTTP client: keep-alive connections that send whole requests and wait for whole answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import uvloop

from bench._support import Server


@dataclass(slots=True)
class Run:
    """What one run of the client saw."""

    count: int
    seconds: float
    cpu_s: float  # of the server
    latencies: list[float]

    @property
    def cpu_us(self) -> float:
        """Server CPU for one request, in microseconds."""
        return self.cpu_s / self.count * 1e6

    def percentile(self, share: float) -> float:
        """Latency in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3


class _Connection(asyncio.Protocol):
    """One keep-alive connection: sends a request, waits for the whole answer, sends the next."""

    def __init__(self, driver: _Driver) -> None:
        self._driver = driver
        self._buffer = b""
        self._sent = 0.0
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.next()

    def next(self) -> None:
        message = self._driver.take()
        if message is None:
            self._transport.close()
            return
        early = self._driver.early()
        if early > 0:
            asyncio.get_running_loop().call_later(early, self._send, message)
        else:
            self._send(message)

    def _send(self, message: bytes) -> None:
        self._sent = time.perf_counter()
        self._transport.write(message)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        head = buffer.find(b"\r\n\r\n")
        if head < 0:
            self._buffer = buffer
            return
        at = buffer.find(b"content-length: ", 0, head)
        if at < 0:
            whole = buffer.endswith(b"0\r\n\r\n")  # chunked
        else:
            whole = len(buffer) >= head + 4 + int(buffer[at + 16 : buffer.find(b"\r", at)])
        if not whole:
            self._buffer = buffer
            return
        self._buffer = b""
        self._driver.got(buffer, time.perf_counter() - self._sent)
        self.next()

    def connection_lost(self, error: Exception | None) -> None:
        self._driver.lost()


class _Driver:
    def __init__(self, messages: Sequence[bytes], count: int, connections: int, rate: float | None) -> None:
        self.messages, self.count, self.open = messages, count, connections
        self._rate, self._started = rate, time.perf_counter()
        self.taken = 0
        self.latencies: list[float] = []
        self.done = asyncio.get_running_loop().create_future()

    def take(self) -> bytes | None:
        if self.taken >= self.count:
            return None
        self.taken += 1
        return self.messages[self.taken % len(self.messages)]

    def early(self) -> float:
        """Seconds until the request that was taken last is due."""
        return 0.0 if self._rate is None else self._started + self.taken / self._rate - time.perf_counter()

    def got(self, answer: bytes, seconds: float) -> None:
        if answer[9:12] != b"200":
            raise RuntimeError(f"not a 200: {answer[:400]!r}")
        self.latencies.append(seconds)

    def lost(self) -> None:
        self.open -= 1
        if self.open == 0 and not self.done.done():
            self.done.set_result(None)


def drive(
    target: Server, messages: Sequence[bytes], *, count: int, connections: int = 16, rate: float | None = None
) -> Run:
    """Send `count` requests over `connections` keep-alive connections, as fast as answers come.

    `rate`: no more than so many a second, each when it is due.
    """

    async def run() -> Run:
        loop = asyncio.get_running_loop()
        failures: list[Any] = []
        loop.set_exception_handler(lambda _, context: failures.append(context))
        driver = _Driver(messages, count, connections, rate)
        before, started = target.cpu(), time.perf_counter()
        for _ in range(connections):
            await loop.create_connection(lambda: _Connection(driver), "127.0.0.1", target.port)
        await asyncio.wait_for(driver.done, 300)
        seconds = time.perf_counter() - started
        if failures or len(driver.latencies) != count:
            raise RuntimeError(f"{len(driver.latencies)} of {count} answered: {failures[:1]}")
        return Run(count, seconds, target.cpu() - before, driver.latencies)

    return uvloop.run(run())


def best(runs: Iterable[Run]) -> Run:
    """The run with the least CPU: what others do on the machine only ever adds."""
    return min(runs, key=lambda run: run.cpu_us)
