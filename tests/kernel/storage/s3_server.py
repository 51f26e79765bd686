"""As much of S3 as a blob store asks for, over real HTTP on a loopback port: objects in a dict."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit


class Server(ThreadingHTTPServer):
    objects: dict[str, bytes]
    put_at: dict[str, datetime]  # of those that were put over HTTP, or that a test makes older
    log: list[str]


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    @property
    def name(self) -> str:
        return unquote(urlsplit(self.path).path)

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.objects[self.name] = body
        self.server.put_at[self.name] = datetime.now(UTC)
        self.answer(200)

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if "list-type" in query:
            return self.listing(query["prefix"][0])
        found = self.server.objects.get(self.name)
        if found and (asked := re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))):
            return self.answer(206, found[int(asked[1]) : int(asked[2]) + 1])
        return self.answer(404 if found is None else 200, found or b"")

    def listing(self, prefix: str) -> None:
        """Two objects on a page."""
        start = parse_qs(urlsplit(self.path).query).get("continuation-token", [""])[0]
        names = [
            name for name in sorted(self.server.objects) if name > start and name.startswith(f"{self.name}/{prefix}")
        ]
        items = "".join(
            f"<Contents><Key>{name[len(self.name) + 1 :]}</Key><Size>{len(self.server.objects[name])}</Size>"
            f"<LastModified>{self.put_at(name):%Y-%m-%dT%H:%M:%S.000Z}</LastModified></Contents>"
            for name in names[:2]
        )
        more = f"<NextContinuationToken>{names[1]}</NextContinuationToken>" if len(names) > 2 else ""
        truncated = str(len(names) > 2).lower()
        self.answer(
            200, f"<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{more}{items}</ListBucketResult>".encode()
        )

    def put_at(self, name: str) -> datetime:
        return self.server.put_at.get(name, datetime(2026, 9, 21, tzinfo=UTC))

    do_HEAD = do_GET

    def do_DELETE(self) -> None:
        self.server.objects.pop(self.name, None)
        self.answer(204)

    def answer(self, status: int, body: bytes = b"") -> None:
        self.server.log.append(f"{self.command} {status}")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", format_datetime(self.put_at(self.name), usegmt=True))
        self.send_header("ETag", '"0"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...


@contextmanager
def s3() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.objects, server.put_at, server.log = {}, {}, []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
