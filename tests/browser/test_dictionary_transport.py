"""The web host gets its deltas from the browser: RFC 9842 between real Chromium and Ferry's edge.

Chromium offers a dictionary to the same site only, so the edge stands at a name below the page's.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from examples.hosts.web.server import Config, WebHost
from ferry.edge import registry
from ferry.kernel.storage import blobs
from miniapps.delivery import compress
from tests.browser.edges import CountingEdge
from tests.edge.published import APP_KEY, Published, app_body, program_body, release_body
from tests.miniapps.delivery.workshop import text

pytestmark = pytest.mark.browser

FETCH = """async ([edge, app_key, addresses]) => {
    const [{ Edge }, { sha256 }] = [await import("/edge.js"), await import("/verify.js")];
    const transport = new Edge({ edge, app_key, answer_ms: 10000 });
    const got = [];
    for (const address of addresses) {
        got.push(await sha256(await transport.download(address, 10_000_000)));
    }
    return got;
}"""
OLD = {"news": text(1) * 4, "card": text(5) * 4}
NEW = {"news": OLD["news"][:90_000] + b"changed" + OLD["news"][90_000:], "card": b"new " + OLD["card"]}


def publish(program: str, host: str) -> tuple[dict[str, Any], int]:
    """The program's part: the old package in full, the new one with its delta from it; and the delta's size."""
    old, new = blobs().put(OLD[program]), blobs().put(NEW[program])
    delta = io.BytesIO()
    compress.write_delta(OLD[program], io.BytesIO(NEW[program]), new.size, delta, lambda: None)
    made = blobs().put(delta.getvalue())
    entry = {"code": 1, "from": old.sha256, "sha256": made.sha256, "size": made.size}
    releases = release_body(1, sha=old.sha256), release_body(2, sha=new.sha256, deltas=[entry])
    return program_body(program, *releases), made.size


def test_the_new_package_of_each_program_comes_as_its_delta(
    settings: Any, tmp_path: Path, context: BrowserContext
) -> None:
    settings.FERRY_BLOB_DIR, settings.FERRY_STORAGE_URL = tmp_path / "blobs", ""
    registry.register_loader("program", "miniapps.snapshot_load.load_program")
    with WebHost(Config(edge="http://*.harbour.localhost:*", app_key=APP_KEY), port=0) as host:
        published = Published(app=app_body(cors_origins=[host.url]))
        (news, news_delta), (card, card_delta) = publish("news", host.url), publish("card", host.url)
        published.program(news)
        published.program(card)
        with CountingEdge(published, tmp_path) as edge:
            versions = [(body, body["releases"][which]["version"]) for which in (0, 1) for body in (news, card)]
            paths = [f"/packages/{version['sha256']}?of={body['id']}" for body, version in versions]
            page = context.new_page()
            page.goto(f"{host.url}/icon.svg")  # the host's origin, with nothing that talks to the edge by itself
            got = page.evaluate(FETCH, [f"http://edge.harbour.localhost:{edge.port}", APP_KEY, paths])
            assert got == [version["sha256"] for _, version in versions]
            assert [sent.encoding for sent in edge.sent] == ["", "", "dcz", "dcz"]
            assert [sent.size for sent in edge.sent[2:]] == [40 + news_delta, 40 + card_delta]
            digest = base64.b64encode(bytes.fromhex(news["releases"][0]["version"]["sha256"])).decode()
            assert edge.sent[2].dictionary == f":{digest}:"
            assert edge.sent[2].size < len(NEW["news"]) / 20


TAKE = """async ([edge, app_key, parts]) => {
    const [{ Edge }, { Parts }] = [await import("/edge.js"), await import("/parts.js")];
    const store = { get: async () => undefined, write: async () => {} };
    const transport = new Edge({ edge, app_key, answer_ms: 10000 });
    const taken = new Parts({ store, edge: transport, log: () => {}, line: { held: 0 } });
    for (const part of parts) await taken.take("book.shop", part);
}"""


def test_a_changed_part_comes_as_its_delta_from_the_part_of_the_same_name(
    settings: Any, tmp_path: Path, context: BrowserContext
) -> None:
    """The web host takes each part by an address of its own, else one part would be the dictionary of another."""
    settings.FERRY_BLOB_DIR, settings.FERRY_STORAGE_URL = tmp_path / "blobs", ""
    registry.register_loader("program", "miniapps.snapshot_load.load_program")
    versions, deltas = [], []
    for contents in (OLD, NEW):
        stored = {name: blobs().put(content) for name, content in contents.items()}
        versions.append([{"name": name, "sha256": one.sha256, "size": one.size} for name, one in stored.items()])
    for old, new in zip(*versions, strict=True):
        made = io.BytesIO()
        compress.write_delta(OLD[old["name"]], io.BytesIO(NEW[old["name"]]), new["size"], made, lambda: None)
        delta = blobs().put(made.getvalue())
        ends = {"from": old["sha256"], "to": new["sha256"]}
        deltas.append({"name": old["name"], "code": 1, "sha256": delta.sha256, "size": delta.size, **ends})
    signature = {"alg": "ES256", "kid": "k1", "value": "c2ln"}
    releases = [
        release_body(code, terms={"serial": 1, "parts": parts}, terms_signature=signature, part_deltas=found)
        for code, parts, found in ((1, versions[0], []), (2, versions[1], deltas))
    ]
    with WebHost(Config(edge="http://*.harbour.localhost:*", app_key=APP_KEY), port=0) as host:
        published = Published(app=app_body(cors_origins=[host.url]))
        published.program(program_body("book.shop", *releases))
        with CountingEdge(published, tmp_path) as edge:
            page = context.new_page()
            page.goto(f"{host.url}/icon.svg")
            page.evaluate(TAKE, [f"http://edge.harbour.localhost:{edge.port}", APP_KEY, versions[0] + versions[1]])
            assert [sent.encoding for sent in edge.sent] == ["", "", "dcz", "dcz"]
            assert [sent.size for sent in edge.sent[2:]] == [40 + delta["size"] for delta in deltas]
