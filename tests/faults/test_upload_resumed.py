"""Resumable uploads by the clients people use, against the real site: broken off, killed, resumed, whole."""

from __future__ import annotations

import hashlib
import io
import json
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tusclient.client import TusClient
from tusclient.uploader import Uploader

from tests.tree import Tree, running
from tests.world import PAGE, RANGE, make_zip

pytestmark = pytest.mark.processes

PIECE = 1 << 20
NOISE = random.Random(7).randbytes(9 * PIECE + 12_345)
PACKAGE = make_zip({"index.html": PAGE, "noise.bin": NOISE}, compression=0).read()
PROGRAM = "2018080616290001"


class Site:
    """A running tree with a developer's token."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        tokens = tree.bootstrap()["tokens"]
        self.headers = {"Authorization": f"Bearer {tokens['developer']}"}
        self.url = f"{tree.site}/api/v1/uploads"
        made = httpx.post(
            f"{tree.site}/api/v1/mini-programs", headers=self.headers, json={"id": PROGRAM, "name": "City Ferry"}
        )
        assert made.status_code == 201, made.text

    def tuspy(self, **more: Any) -> Uploader:
        file = io.BytesIO(PACKAGE)
        return TusClient(self.url, headers=self.headers).uploader(file_stream=file, chunk_size=PIECE, **more)

    def offset(self, url: str) -> int:
        asked = httpx.head(url, headers={**self.headers, "Tus-Resumable": "1.0.0"})
        assert asked.status_code == 200, asked.status_code
        return int(asked.headers["Upload-Offset"])

    def make(self, url: str) -> dict[str, Any]:
        """The version of a finished upload."""
        body = {"upload": url.rpartition("/")[2], "host_range": RANGE}
        address = f"{self.tree.site}/api/v1/mini-programs/{PROGRAM}/versions"
        made = httpx.post(address, headers=self.headers, json=body, timeout=60)
        assert made.status_code == 201, made.text
        version: dict[str, Any] = made.json()
        return version


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running() as tree:
        yield Site(tree)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("package") / "package.zip"
    path.write_bytes(PACKAGE)
    return path


def is_whole(version: dict[str, Any]) -> bool:
    files = {file["path"]: file["sha256"] for file in version["files"]}
    return files["noise.bin"] == hashlib.sha256(NOISE).hexdigest()


def break_off(site: Site, url: str, offset: int, sent: int) -> None:
    """Announce a piece, send some of it, and let the connection fall."""
    address = httpx.URL(url)
    head = (
        f"PATCH {address.path} HTTP/1.1\r\nHost: {address.netloc.decode()}\r\nTus-Resumable: 1.0.0\r\n"
        f"Authorization: {site.headers['Authorization']}\r\nUpload-Offset: {offset}\r\n"
        f"Content-Type: application/offset+octet-stream\r\nContent-Length: {4 * PIECE}\r\n\r\n"
    )
    with socket.create_connection((address.host, address.port or 80)) as connection:
        connection.sendall(head.encode() + PACKAGE[offset : offset + sent])


def test_tuspy_goes_on_after_a_broken_connection_and_after_kill_9(site):
    uploader = site.tuspy()
    uploader.upload_chunk()
    uploader.upload_chunk()
    url = uploader.url
    assert site.offset(url) == 2 * PIECE
    break_off(site, url, 2 * PIECE, PIECE + 4321)
    until = time.monotonic() + 60
    while (reached := site.offset(url)) == 2 * PIECE:
        assert time.monotonic() < until, "what came before the connection broke is not kept"
        time.sleep(0.05)
    assert 2 * PIECE < reached <= 3 * PIECE + 4321
    again = site.tuspy(url=url)
    assert again.offset == reached
    again.upload_chunk()
    site.tree.kill("site")
    site.tree.start()
    assert site.offset(url) == again.offset
    last = site.tuspy(url=url)
    last.upload()
    assert site.offset(url) == len(PACKAGE)
    assert is_whole(site.make(url))
    assert list((site.tree.data / "uploads").iterdir()) == []


def test_tuspy_with_a_checksum_on_each_piece(site):
    uploader = site.tuspy(upload_checksum=True)
    uploader.upload()
    assert is_whole(site.make(uploader.url))


@pytest.fixture(scope="module")
def tus_js(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which Node finds tus-js-client."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node and npm are not installed")
    folder = tmp_path_factory.mktemp("tus-js")
    done = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), "tus-js-client@4.3.1"],
        capture_output=True,
        text=True,
        timeout=180,
    )
    if done.returncode:
        pytest.skip(f"npm cannot install tus-js-client: {done.stderr.strip().splitlines()[-1:]}")
    return folder


SCRIPT = """
const fs = require('node:fs')
const tus = require('tus-js-client')
const [path, endpoint, authorization] = process.argv.slice(2)
const size = fs.statSync(path).size
const options = (more) => ({
  endpoint, chunkSize: 1 << 20, uploadSize: size, headers: { Authorization: authorization },
  metadata: { filename: '渡口.zip' }, onError: (error) => { console.error(String(error)); process.exit(1) }, ...more,
})
const first = new tus.Upload(fs.createReadStream(path), options({
  onChunkComplete: async (chunk, accepted) => {
    if (accepted < 3 << 20) return
    await first.abort()
    const second = new tus.Upload(fs.createReadStream(path), options({
      uploadUrl: first.url, onSuccess: () => console.log(JSON.stringify({ url: second.url, broke: accepted })),
    }))
    second.start()
  },
}))
first.start()
"""


def test_tus_js_client_stops_and_goes_on(site, package, tus_js):
    script = tus_js / "upload.cjs"
    script.write_text(SCRIPT)
    done = subprocess.run(
        ["node", str(script), str(package), site.url, site.headers["Authorization"]],
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["broke"] < len(PACKAGE)
    assert is_whole(site.make(said["url"]))
