"""What a device calls about push: the stream, the poll beside it, receipts, and its token with a vendor.

Receipts and tokens are answered when the journal holds them; a ticket is made from the request alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from django.conf import settings
from falcon.asgi import Request, Response
from msgspec import Meta, Struct

from ferry.edge import answers, auth
from ferry.edge.background import Background, hints
from ferry.edge.hot import HotRequest
from ferry.kernel.errors import Invalid
from push.inbox.reading import Entry
from push.inbox.writing import HINT
from push.receipts.records import ADDRESS, RECEIPT, Happened
from push.rules import tokens
from push.stream import tickets
from push.stream.answer import PATH, Stream
from push.stream.hub import End, Hub
from push.stream.poller import Poller
from push.stream.polling import Sync
from push.stream.replay import Replay

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp

MOST_RECEIPTS = 100
_TICKET_BODY = 1024

MessageId = Annotated[str, Meta(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]


class Receipt(Struct, frozen=True):
    """One of the receipts in POST /v1/receipts."""

    message_id: MessageId  # of the receipt: the same again counts once
    message: Annotated[str, Meta(min_length=1, max_length=26, pattern=r"^[0-9a-z]+$")]
    event: Happened


class ReceiptBatch(Struct, frozen=True):
    """The body of POST /v1/receipts. Each receipt is judged for itself, so that one bad one costs no other."""

    receipts: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MOST_RECEIPTS)]


class Address(Struct, frozen=True):
    """The body of POST /v1/devices/addresses."""

    message_id: MessageId
    channel: Annotated[str, Meta(min_length=1, max_length=8)]
    token: Annotated[str, Meta(max_length=500)] = ""  # empty: the device has none any more


_receipts = msgspec.json.Decoder(ReceiptBatch)
_receipt = msgspec.json.Decoder(Receipt)
_address = msgspec.json.Decoder(Address)


class Receipts:
    """POST /v1/receipts: what became of messages on the device."""

    def __init__(self, edge: EdgeApp) -> None:
        self._edge = edge

    async def on_post(self, req: Request, resp: Response) -> None:
        """Answers how many were taken, and for each refused one its place and the reason: do not send those again."""
        edge = self._edge
        snapshot, token = edge.from_device(req)
        said, refused = _judged((await edge.said(req, _receipts)).receipts)
        if snapshot.app.stores(token):
            records = [
                answers.encode({**edge.stamp(snapshot), "device": token.device_id, **msgspec.structs.asdict(receipt)})
                for receipt in said
            ]
            await asyncio.gather(*(edge.journal.append(RECEIPT, record) for record in records))
        answers.give(resp, {"taken": len(said), "refused": refused})


class Addresses:
    """POST /v1/devices/addresses: the device's token with a vendor, one for each channel."""

    def __init__(self, edge: EdgeApp) -> None:
        self._edge = edge

    async def on_post(self, req: Request, resp: Response) -> None:
        """The newest one counts. Nothing is kept of a device that has not consented where that is required."""
        edge = self._edge
        snapshot, token = edge.from_device(req)
        said = await edge.said(req, _address)
        if said.channel not in tokens.CHANNELS:
            raise Invalid(reason=f"there is no channel “{said.channel}”; use {' or '.join(tokens.CHANNELS)}")
        given = tokens.canonical(said.channel, said.token) if said.token else ""
        if given is None:
            raise Invalid(reason=f"this is not the form of a token of {said.channel}")
        stored = snapshot.app.stores(token)
        if stored:
            record = {
                **edge.stamp(snapshot),
                "device": token.device_id,
                "message_id": said.message_id,
                "channel": said.channel,
                "token": given,
            }
            await edge.journal.append(ADDRESS, answers.encode(record))
        answers.give(resp, {"channel": said.channel, "stored": stored})


class TicketDesk:
    """POST /v1/stream/ticket: a minute's ticket for an EventSource."""

    def __init__(self, edge: EdgeApp) -> None:
        self._edge = edge

    def __call__(self, request: HotRequest) -> bytes:
        """Made from the device token alone."""
        self._edge.limits.pass_address(request.address, request.ticks)
        app = request.snapshot.app
        token = auth.required_device(request.snapshot, request.authorization)
        ticket = tickets.issue(app.devices, app.id, token, now=request.now)
        return answers.encode({"ticket": ticket, "expires_in": tickets.LIFE_S})


def add_routes(edge: EdgeApp) -> None:
    """Registered in push.apps."""
    hub, replay = Hub(settings.FERRY_STREAMS), Replay()
    edge.add_hot(f"{PATH}/ticket", TicketDesk(edge), limit=_TICKET_BODY)
    edge.add_files(PATH, Stream(edge, hub, replay))
    edge.add_route("/v1/sync", Sync(edge, replay))
    edge.add_route("/v1/receipts", Receipts(edge))
    edge.add_route("/v1/devices/addresses", Addresses(edge))
    edge.on_start(lambda: _start(edge, hub))
    edge.on_drain(hub.drain)
    edge.on_stop(replay.close)
    _measure(edge, hub, replay)


async def _start(edge: EdgeApp, hub: Hub) -> None:
    """The loop that wakes streams. A database that is away delays streams, never the start."""
    loop = asyncio.get_running_loop()

    def deliver(entries: Sequence[Entry]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(hub.deliver, entries)

    def ready() -> None:
        hub.ready = True

    poller = Poller(hub, deliver, ready)
    await asyncio.to_thread(poller.start)
    threads = [Background("inbox", poller.turn)]
    if edge.settings.redis_url:
        threads.append(hints(edge.settings.redis_url, poller.hint, channel=HINT))
    for thread in threads:
        thread.start()
        edge.on_stop(_stopper(thread))


def _stopper(thread: Background) -> Any:
    return lambda: asyncio.to_thread(thread.stop)


def _judged(raws: Sequence[msgspec.Raw]) -> tuple[list[Receipt], list[dict[str, Any]]]:
    said, refused = [], []
    for place, raw in enumerate(raws):
        try:
            said.append(_receipt.decode(raw))
        except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
            refused.append({"index": place, "reason": str(wrong)})
    return said, refused


def _measure(edge: EdgeApp, hub: Hub, replay: Replay) -> None:
    metrics = edge.metrics
    metrics.gauge("ferry_edge_streams", "Open streams.", lambda: hub.open)
    metrics.counter("ferry_edge_stream_entries", "Entries offered to streams.", lambda: hub.delivered)
    metrics.counter("ferry_edge_slow_streams", "Streams dropped for reading too slowly.", lambda: hub.ended[End.SLOW])
    metrics.counter("ferry_edge_inbox_reads", "Inboxes read for streams and polls.", lambda: replay.reads)
    metrics.gauge("ferry_edge_inbox_queued", "Reads that wait or are under way.", lambda: replay.queued)
