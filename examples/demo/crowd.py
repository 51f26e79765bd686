"""What the simulated phones do besides check-ins: sign in, send events by Segment's own client, hold the stream."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
from segment.analytics.client import Client

from examples.demo.devices import Fleet, Phone
from examples.demo.history import Passenger

CONSENT = {"analytics": True, "marketing": True, "profiling": True, "policy_version": "2026-11"}
Report = Callable[[int, int], None]


@dataclass
class Received:
    """A push that reached a phone."""

    phone: Phone
    message: str
    title: str


@dataclass
class Crowd:
    """The phones of a fleet with the people who use them."""

    fleet: Fleet
    edge: str
    app_key: str
    user_key: dict[str, str]
    people: Sequence[Passenger]
    program: str
    received: dict[str, Received] = field(default_factory=dict)  # by device id
    doubled: int = 0
    _streams: list[asyncio.Task[None]] = field(default_factory=list)
    _open: int = 0

    @property
    def streams(self) -> int:
        """Phones that hold the stream right now."""
        return self._open

    def user_of(self, phone: Phone) -> str:
        """Whose phone it is."""
        return self.people[phone.number].name

    async def sign_in(self, report: Report) -> None:
        """Each phone shows a user token, as the company's own server would sign it."""

        secret = base64.urlsafe_b64decode(self.user_key["secret"] + "==")

        async def bind(phone: Phone) -> None:
            now = int(time.time())
            claims = {"sub": self.user_of(phone), "aud": self.app_key, "iat": now, "exp": now + 300}
            token = jwt.encode(claims, secret, self.user_key["alg"], headers={"kid": self.user_key["kid"]})
            body = {"message_id": f"bind-{phone.message_id}", "user_token": token}
            answer = await self.fleet.call("POST", "/v1/devices/bind", body, phone)
            phone.token = answer["token"]

        await self.fleet.each(self.fleet.phones, bind, report)

    def send(self, events: Iterable[tuple[Phone, str, dict[str, Any]]]) -> int:
        """Sends events by the Segment client from PyPI and returns when the edge has acknowledged all of them."""
        failed: list[Any] = []
        client = Client(
            self.app_key,
            host=self.edge,
            gzip=True,
            max_queue_size=100_000,
            upload_size=100,
            upload_interval=0.2,
            on_error=lambda error, items: failed.append(error),
        )
        count = 0
        for phone, event, properties in events:
            client.track(
                user_id=self.user_of(phone),
                anonymous_id=phone.id,
                event=event,
                properties=properties,
                context={
                    "platform": phone.platform,
                    "os": {"name": phone.platform, "version": phone.os},
                    "app": {"version": phone.host_version},
                    "device": {"id": phone.id},
                    "mini_program": {"id": self.program, "version": phone.code},
                    "consent": CONSENT,
                },
            )
            count += 1
        client.shutdown()
        if failed:
            raise RuntimeError(f"the Segment client gave up on events: {failed[0]}")
        return count

    async def listen(self) -> None:
        """Every phone opens its stream; returns when all of them are open."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._client = httpx.AsyncClient(base_url=self.edge, timeout=httpx.Timeout(None, connect=20), limits=limits)
        gate = asyncio.Semaphore(40)
        ready = [asyncio.Event() for _ in self.fleet.phones]
        for phone, opened in zip(self.fleet.phones, ready, strict=True):
            self._streams.append(asyncio.create_task(self._stream(phone, gate, opened)))
        await asyncio.gather(*(opened.wait() for opened in ready))

    async def close(self) -> None:
        """Closes every stream."""
        for task in self._streams:
            task.cancel()
        await asyncio.gather(*self._streams, return_exceptions=True)
        if self._streams:
            await self._client.aclose()
        self._streams.clear()

    async def _stream(self, phone: Phone, gate: asyncio.Semaphore, opened: asyncio.Event) -> None:
        headers = {"X-App-Key": self.app_key, "Authorization": f"Device {phone.token}"}
        last = ""
        while True:
            try:
                await gate.acquire()
                try:
                    request = self._client.build_request(
                        "GET", "/v1/stream", headers={**headers, **({"Last-Event-ID": last} if last else {})}
                    )
                    answer = await self._client.send(request, stream=True)
                finally:
                    gate.release()
                try:
                    answer.raise_for_status()
                    self._open += 1
                    opened.set()
                    try:
                        async for line in answer.aiter_lines():
                            if line.startswith("id:"):
                                last = line[3:].strip()
                            elif line.startswith("data:"):
                                self._take(phone, json.loads(line[5:]))
                    finally:
                        self._open -= 1
                finally:
                    await answer.aclose()
            except httpx.HTTPError:
                pass  # a stream that ends is opened again with the last id, so nothing is missed
            await asyncio.sleep(1)

    def _take(self, phone: Phone, message: dict[str, Any]) -> None:
        if phone.id in self.received:
            self.doubled += self.received[phone.id].message == message["message"]
            return
        self.received[phone.id] = Received(phone, message["message"], message.get("title", ""))

    async def receipts(self, phones: Iterable[Phone], event: str, report: Report) -> None:
        """Each phone says what became of the push that it got: arrived or opened."""

        async def one(phone: Phone) -> None:
            message = self.received[phone.id].message
            receipt = {"message_id": f"{event}-{phone.message_id}", "message": message, "event": event}
            await self.fleet.call("POST", "/v1/receipts", {"receipts": [receipt]}, phone)

        await self.fleet.each(list(phones), one, report)
