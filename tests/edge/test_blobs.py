"""Packages and icons: what is served, to whom, and how it is resumed."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from pathlib import Path
from typing import Any

import pytest

from ferry.edge.app import EdgeApp
from ferry.edge.files import PIECE, FileSender, LocalFile
from ferry.edge.snapshot import holder
from ferry.edge.snapshot.client import SnapshotClient
from ferry.kernel.storage import blobs
from tests.edge.published import Caller, Published, app_body, program_body, release_body

BODY = bytes(range(256)) * (3 * PIECE // 256) + b"tail"


@pytest.fixture
def sha(published: Published, client: SnapshotClient) -> str:
    """A stored package that a release names."""
    stored = blobs().put(BODY).sha256
    published.program(program_body("news", release_body(1, sha=stored)))
    client.poll()
    return stored


class TestWhole:
    """The address without conditions."""

    def test_the_bytes_and_their_headers(self, call: Caller, sha: str) -> None:
        answer = call("GET", f"/packages/{sha}")
        assert answer.status_code == 200
        assert answer.content == BODY
        assert answer.headers["etag"] == f'"{sha}"'
        assert answer.headers["content-type"] == "application/zip"
        assert answer.headers["content-length"] == str(len(BODY))
        assert answer.headers["accept-ranges"] == "bytes"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable, no-transform"
        assert answer.headers["x-content-type-options"] == "nosniff"

    def test_head_has_the_length_and_no_body(self, call: Caller, sha: str) -> None:
        answer = call("HEAD", f"/packages/{sha}/")
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-length"] == str(len(BODY))

    def test_whoever_has_it_is_told_so(self, call: Caller, sha: str) -> None:
        answer = call("GET", f"/packages/{sha}", if_none_match=f'"{sha}"')
        assert (answer.status_code, answer.content) == (304, b"")

    def test_nothing_else_is_asked_here(self, call: Caller, sha: str) -> None:
        assert call("POST", f"/packages/{sha}").status_code == 405


class TestParts:
    """Resumed downloads."""

    def test_the_rest_of_a_broken_download(self, call: Caller, sha: str) -> None:
        have = PIECE + 17
        answer = call("GET", f"/packages/{sha}", range=f"bytes={have}-", if_range=f'"{sha}"')
        assert answer.status_code == 206
        assert BODY[:have] + answer.content == BODY
        assert answer.headers["content-range"] == f"bytes {have}-{len(BODY) - 1}/{len(BODY)}"

    def test_of_another_package_the_whole_is_sent(self, call: Caller, sha: str) -> None:
        answer = call("GET", f"/packages/{sha}", range="bytes=5-", if_range='"' + "0" * 64 + '"')
        assert (answer.status_code, answer.content) == (200, BODY)

    def test_past_the_end(self, call: Caller, sha: str) -> None:
        answer = call("GET", f"/packages/{sha}", range=f"bytes={len(BODY)}-")
        assert answer.status_code == 416
        assert answer.headers["content-range"] == f"bytes */{len(BODY)}"


class TestWhatIsServed:
    """Only what a snapshot names."""

    def test_a_stored_blob_that_no_release_names_stays_unseen(self, call: Caller, sha: str) -> None:
        draft = blobs().put(b"a draft").sha256
        assert call("GET", f"/packages/{draft}").status_code == 404

    @pytest.mark.parametrize("path", ["x", "../secret", "%2e%2e/secret.key", "A" * 64, "0" * 63, "0" * 64 + ".png"])
    def test_no_other_name_reaches_the_disk(self, call: Caller, sha: str, path: str) -> None:
        assert call("GET", f"/packages/{path}").status_code == 404

    def test_a_superseded_package_can_still_be_finished(
        self, published: Published, client: SnapshotClient, call: Caller, sha: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        published.program(program_body("news", release_body(2)))
        client.poll()
        assert call("GET", f"/packages/{sha}").status_code == 200
        monkeypatch.setattr(holder.time, "monotonic", lambda: holder.KEEP_BLOBS_S * 1e6)
        assert not client.snapshots.serves(sha)

    def test_a_package_of_an_inactive_app_is_not(
        self, published: Published, client: SnapshotClient, call: Caller
    ) -> None:
        stored = blobs().put(b"package").sha256
        published.app = app_body(active=False)
        published.program(program_body("news", release_body(1, sha=stored)))
        client.poll()
        assert call("GET", f"/packages/{stored}").status_code == 404

    def test_what_another_edge_has_offered_already_is_waited_for(
        self, published: Published, client: SnapshotClient, call: Caller, edge: EdgeApp
    ) -> None:
        """The publish reaches this edge by its next poll; the device that asks in between is not turned away."""
        client.poll()
        stored = blobs().put(b"new package").sha256
        published.program(program_body("news", release_body(1, sha=stored)))
        asked = threading.Event()
        waiting = edge.snapshots.next_poll

        async def waits(timeout: float) -> None:
            asked.set()
            await waiting(timeout)

        edge.snapshots.next_poll = waits  # type: ignore[method-assign]
        poll = threading.Thread(target=lambda: (asked.wait(5), client.poll()))
        poll.start()
        answer = call("GET", f"/packages/{stored}")
        poll.join()
        assert (answer.status_code, answer.content) == (200, b"new package")

    def test_a_blob_that_storage_has_lost(self, published: Published, client: SnapshotClient, call: Caller) -> None:
        published.program(program_body("news", release_body(1, sha="0" * 64)))
        client.poll()
        assert call("GET", "/packages/" + "0" * 64).status_code == 404

    def test_a_storage_that_is_away_is_asked_again(
        self, call: Caller, sha: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(sha256: str) -> None:
            raise ConnectionError("the bucket does not answer")

        monkeypatch.setattr("ferry.edge.blobs.open_blob", away)
        answer = call("GET", f"/packages/{sha}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "overloaded")
        assert answer.headers["retry-after"] == "2"
        assert "immutable" not in answer.headers["cache-control"]


def test_icons_have_the_type_of_their_ending(published: Published, client: SnapshotClient, call: Caller) -> None:
    icon = blobs().put(b"picture").sha256
    small = blobs().put(b"smaller picture").sha256
    published.program(program_body("news", release_body(1), icons={"48": icon, "48.webp": small}))
    client.poll()
    assert call("GET", f"/icons/{icon}.png").headers["content-type"] == "image/png"
    assert call("GET", f"/icons/{small}.webp").headers["content-type"] == "image/webp"
    assert call("GET", f"/icons/{small}.png").status_code == 404
    assert call("GET", f"/icons/{icon}").status_code == 404


@pytest.mark.parametrize("ending", ["png", "webp"])
def test_among_the_icons_no_package_is_served(call: Caller, sha: str, ending: str) -> None:
    assert call("GET", f"/icons/{sha}.{ending}").status_code == 404


class TestElsewhere:
    """Storage or a proxy sends the bytes."""

    def test_a_proxy_is_told_where_the_file_lies(self, edge: EdgeApp, call: Caller, sha: str) -> None:
        settings = dataclasses.replace(edge.settings, x_accel_prefix="/_blobs/")
        for _, route in edge._files:
            route._settings = settings  # type: ignore[attr-defined]
        answer = call("GET", f"/packages/{sha}")
        assert answer.headers["x-accel-redirect"] == f"/_blobs/{sha[:2]}/{sha}"
        assert answer.content == b""

    def test_an_object_store_is_pointed_to(self, call: Caller, sha: str, monkeypatch: pytest.MonkeyPatch) -> None:
        store = blobs()
        monkeypatch.setattr(type(store), "url", lambda self, sha256, *said: f"https://s3.test/{sha256}?{said}")
        answer = call("GET", f"/packages/{sha}")
        assert answer.status_code == 302
        assert answer.headers["location"].startswith(f"https://s3.test/{sha}")
        assert answer.headers["cache-control"] == "no-store"


class TestSending:
    """How the bytes leave: in pieces, and only while somebody takes them."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "file"
        path.write_bytes(BODY)
        return path

    def send(self, file: Any, receive: Any, send: Any) -> None:
        sender = FileSender()

        async def run() -> None:
            scope = {"method": "GET", "headers": []}
            await sender.send(scope, receive, send, file=file, etag=b'"e"', headers=[])
            sender.close()

        asyncio.run(run())

    def test_no_piece_is_read_before_the_one_before_has_left(self, file: Path) -> None:
        log: list[str] = []

        class Counted(LocalFile):
            def read(self, count: int, offset: int) -> bytes:
                log.append("read")
                return super().read(count, offset)

        async def receive() -> Any:
            await asyncio.Event().wait()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.body":
                assert len(message["body"]) <= PIECE
                log.append("sent")

        self.send(Counted(file), receive, send)
        assert log == ["read", "sent"] * 4

    def test_a_client_that_hangs_up_costs_no_more_reading(self, file: Path) -> None:
        gone = asyncio.Event()
        sent: list[int] = []

        async def receive() -> Any:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(len(message.get("body", b"")))
            gone.set()
            await asyncio.sleep(0)
            await asyncio.sleep(0)

        self.send(LocalFile(file), receive, send)
        assert sum(sent) < len(BODY)
