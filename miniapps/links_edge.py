"""What happens at a short link: a page for people, an answer for host apps that read the QR themselves.

Nothing here redirects. The page shows a button whose address begins with the link base of the host app, so a link of
ours can lead into that app and nowhere else.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header
from falcon.asgi import Request, Response

from ferry.edge import answers
from ferry.edge.snapshot.hostapp import HostAppSnapshot
from miniapps import landing, shortcodes
from miniapps.deeplinks import deep_link
from miniapps.errors import LinkOver, NoSuchLink
from miniapps.qr import qr_svg
from miniapps.records import LINK_OPENED
from miniapps.snapshot_load import Program
from miniapps.snapshot_load_around import Link

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp

_LONGEST_CODE = 32
_LONGEST_HEADER = 200  # of Accept-Language; longer ones are nobody's choice


@dataclass(frozen=True, slots=True)
class Found:
    """A link with the host app and the program that it belongs to."""

    code: str
    link: Link
    snapshot: HostAppSnapshot
    program: Program | None  # None: the host app no longer lists it


class _Links:
    def __init__(self, edge: EdgeApp) -> None:
        self._edge = edge

    def _of(self, snapshot: HostAppSnapshot, code: str) -> Found | None:
        link: Link | None = snapshot.part("links").get(shortcodes.shelf(code), {}).get(code)
        if link is None:
            return None
        return Found(code, link, snapshot, snapshot.part("program").get(link.program))

    def _over(self, found: Found) -> bool:
        return found.link.expires_at is not None and found.link.expires_at <= self._edge.clock()

    def _count(self, found: Found) -> None:
        """Without waiting: a lost count is worth less than a page that does not come."""
        edge = self._edge
        edge.journal.offer(LINK_OPENED, answers.encode({**edge.stamp(found.snapshot), "code": found.code}))


class LandingPage(_Links):
    """GET /l/{code}: what a browser shows."""

    async def on_get(self, req: Request, resp: Response, code: str, *, counts: bool = True) -> None:
        """200 with the way into the app, 404 or 410 with a page that says so."""
        edge = self._edge
        edge.pass_limit(req)
        found = self._find(code)
        page: landing.Page | None = None
        if found is not None and not self._over(found):
            page = await self._page(found)
            if counts:
                self._count(found)
        with translation.override(_language(req)):
            body = landing.render(page, over=found is not None)
        resp.status = 200 if page is not None else 404 if found is None else 410
        resp.content_type = "text/html; charset=utf-8"
        resp.set_header("content-security-policy", landing.policy(edge.settings.edge_url))
        resp.set_header("cache-control", "no-store")
        resp.set_header("referrer-policy", "no-referrer")
        resp.set_header("x-content-type-options", "nosniff")
        resp.set_header("x-robots-tag", "noindex")
        resp.set_header("vary", "Accept-Language")
        resp.data = body.encode()

    async def on_head(self, req: Request, resp: Response, code: str) -> None:
        """The same without being counted: link checkers ask so."""
        await self.on_get(req, resp, code, counts=False)

    def _find(self, code: str) -> Found | None:
        number = shortcodes.number_of(code) if len(code) <= _LONGEST_CODE else None
        for snapshot in self._edge.snapshots.all() if number is not None else ():
            if snapshot.app.number == number:
                return self._of(snapshot, code) if snapshot.app.active else None
        return None

    async def _page(self, found: Found) -> landing.Page:
        app, link = found.snapshot.app, found.link
        listing: dict[str, Any] = msgspec.json.decode(found.program.listing) if found.program is not None else {}
        withdrawn = found.program.withdrawn if found.program is not None else None
        address = ""
        if app.link_base and found.program is not None and withdrawn is None:
            address = deep_link(app.link_base, program=link.program, path=link.path, query=link.query, link=found.code)
        return landing.Page(
            app=app.name,
            name=listing.get("name", ""),
            description=listing.get("description", ""),
            icon=listing.get("icons", {}).get("96", ""),
            address=address,
            withdrawn="" if withdrawn is None else msgspec.json.decode(withdrawn)["message"],
            qr=await asyncio.to_thread(_qr, f"{self._edge.settings.edge_url}/l/{found.code}"),
        )


class ResolveLink(_Links):
    """GET /v1/links/{code}: where a link leads, for the host app that it belongs to."""

    async def on_get(self, req: Request, resp: Response, code: str) -> None:
        """A link of another host app does not exist here. Raises NoSuchLink, LinkOver."""
        edge = self._edge
        snapshot = edge.host_app(req)
        edge.pass_limit(req)
        found = self._of(snapshot, code) if 0 < len(code) <= _LONGEST_CODE else None
        if found is None:
            raise NoSuchLink
        if self._over(found):
            raise LinkOver
        self._count(found)
        link = found.link
        answers.give(resp, {"id": link.program, "path": link.path, "query": link.query, "link": found.code})


def add_routes(edge: EdgeApp) -> None:
    """Registered in miniapps.apps."""
    edge.add_route("/l/{code}", LandingPage(edge))
    edge.add_route("/v1/links/{code}", ResolveLink(edge))


def _language(req: Request) -> str:
    """The first language of the browser that we speak; English for everybody else."""
    wanted = (req.get_header("accept-language") or "")[:_LONGEST_HEADER]
    for tag, _quality in parse_accept_lang_header(wanted):
        if tag.startswith("zh"):
            return "zh-hans"
        if tag.startswith("en"):
            return "en"
    return "en"


@lru_cache(maxsize=512)
def _qr(address: str) -> str:
    return qr_svg(address)
