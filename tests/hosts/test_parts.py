"""A phone that fetches sub-packages one by one and borrows plugins, as docs/sub-packages.md says, at a real edge."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import Any

import httpx
import zstandard

from ferry.kernel.signing import services as signing
from ferry.kernel.signing.canonical import canonical_json
from miniapps.models import Version
from miniapps.packages.parts import MAIN
from tests.hosts.live import LiveEdge
from tests.miniapps.delivery.workshop import BOOK, deliver
from tests.world import PAGE, World

MANIFEST = {
    "subpackages": [{"name": "book", "root": "pages/book"}, {"name": "pay", "root": "pages/pay", "independent": True}],
    "preload": {"index": ["book"]},
    "plugins": {"chart": {"id": "charts", "range": "^1.0.0"}},
}


def upload(world: World, name: str, book: bytes) -> Version:
    files = {
        "index.html": PAGE,
        "ferry.json": json.dumps(MANIFEST).encode(),
        "pages/book/book.js": book,
        "pages/pay/pay.js": b"pay()",
    }
    return world.upload(name, files)


class Phone:
    """What it has: parts by name, as bytes; and how many bytes it has fetched for them."""

    def __init__(self, edge: LiveEdge, world: World) -> None:
        self.edge, self.world = edge, world
        self.code = 0
        self.parts: dict[str, bytes] = {}
        self.fetched = 0

    def ask(self) -> dict[str, Any]:
        """The update entry of a check-in, its terms verified."""
        self.edge.poll()
        program = self.world.program.program_id
        body = {
            "device": {"id": "phone-1", "platform": "android", "host_version": "6.3.0"},
            "installed": [{"id": program, "code": self.code}] if self.code else [],
            "want": [] if self.code else [program],
        }
        headers = {"X-App-Key": self.world.host_app.app_key}
        answer = httpx.post(f"{self.edge.url}/v1/checkin", json=body, headers=headers).raise_for_status()
        (update,) = answer.json()["updates"]
        signature = update["terms_signature"]
        key = httpx.get(f"{self.edge.url}/keys/{signature['kid']}").raise_for_status().json()
        statement = {
            "host_app": self.world.host_app.app_key,
            "program": program,
            "version_code": update["code"],
            "terms": update["terms"],
        }
        assert signing.verify(key["pem"], canonical_json(statement), signature["value"])
        return dict(update)

    def fetch(self, path: str) -> bytes:
        content = (
            httpx.get(f"{self.edge.url}{path}", headers={"Accept-Encoding": "identity"}).raise_for_status().content
        )
        self.fetched += len(content)
        return content

    def take(self, update: dict[str, Any], name: str) -> None:
        """One part: kept when it is the same, made from a delta when there is one, else fetched; checked each time."""
        part = next(each for each in update["terms"]["parts"] if each["name"] == name)
        had = self.parts.get(name, b"")
        delta = next((each for each in update.get("part_deltas", ()) if each["name"] == name), None)
        if hashlib.sha256(had).hexdigest() == part["sha256"]:
            return
        if had and delta is not None and hashlib.sha256(had).hexdigest() == delta["from"]:
            frame = self.fetch(httpx.URL(delta["url"]).path)
            dictionary = zstandard.ZstdCompressionDict(had, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
            content = zstandard.ZstdDecompressor(dict_data=dictionary).decompress(frame)
        else:
            content = self.fetch(f"/packages/{part['sha256']}")
        assert (len(content), hashlib.sha256(content).hexdigest()) == (part["size"], part["sha256"])
        self.parts[name] = content

    def files(self) -> dict[str, bytes]:
        """All parts unpacked into one folder."""
        found: dict[str, bytes] = {}
        for content in self.parts.values():
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                found |= {name: archive.read(name) for name in archive.namelist()}
        return found


def root_of(files: dict[str, bytes]) -> str:
    table = [[path, len(data), hashlib.sha256(data).hexdigest()] for path, data in sorted(files.items())]
    return hashlib.sha256(canonical_json(table)).hexdigest()


def test_parts_one_by_one_are_the_signed_whole_and_an_update_fetches_what_changed(edge: LiveEdge, world: World) -> None:
    charts = world.beside("Charts")
    charts.approve(charts.upload("1.0.0", {"plugin.json": b"{}", "index.js": b"// charts"}))
    charts.release("1.0.0")
    world.approve(upload(world, "1.0.0", BOOK))
    world.release("1.0.0")
    phone = Phone(edge, world)
    update = phone.ask()

    phone.take(update, MAIN)
    assert set(phone.files()) == {"index.html", "ferry.json"}  # enough to open
    for name in update["terms"]["preload"]["index"]:
        phone.take(update, name)
    assert "pages/pay/pay.js" not in phone.files()  # nobody has asked for it
    phone.take(update, "pay")
    assert root_of(phone.files()) == update["package"]["files_root"]
    phone.code = update["code"]

    (plugin,) = update["terms"]["plugins"]
    content = phone.fetch(f"/packages/{plugin['sha256']}")
    assert hashlib.sha256(content).hexdigest() == plugin["sha256"]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read(plugin["entry"]) == b"// charts"

    world.approve(upload(world, "1.1.0", BOOK[:30_000] + b"new" + BOOK[30_000:]))
    world.release("1.1.0")
    deliver()
    update = phone.ask()
    before, phone.fetched = phone.parts["pay"], 0
    for part in update["terms"]["parts"]:
        phone.take(update, part["name"])
    assert phone.fetched < len(BOOK) / 20  # the delta of one sub-package, nothing of the others
    assert phone.parts["pay"] == before
    assert root_of(phone.files()) == update["package"]["files_root"]
