"""A proxy between a host and the edge that can lie, break off and refuse: what a phone meets on its way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

Change = Callable[[str, httpx.Response], "Answer | None"]
_HOP = {"connection", "transfer-encoding", "content-length", "date", "server"}


@dataclass
class Answer:
    """What the proxy says. `promised`: a Content-Length above what it sends, then it hangs up."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None


@dataclass
class Liar:
    """`lie(path, answer)` gives another answer, or None for the true one. `asked` lists the requests."""

    url: str
    edge: str
    lie: Change | None = None
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        self.asked.append((method, path, headers))
        passed = {name: value for name, value in headers.items() if name.lower() not in (*_HOP, "host")}
        true = httpx.request(method, self.edge + path, headers=passed, content=body)
        told = self.lie(path, true) if self.lie else None
        if told is not None:
            return told
        # Packages are fetched through the proxy too: their addresses are not signed, and need not be.
        content = true.content.replace(self.edge.encode(), self.url.encode()) if "json" in _type(true) else true.content
        kept = {name: value for name, value in true.headers.items() if name not in _HOP}
        return Answer(true.status_code, content, kept)

    def paths(self, start: str) -> list[dict[str, str]]:
        """The headers of each request whose path begins so."""
        return [headers for _, path, headers in self.asked if path.startswith(start)]


def _type(answer: httpx.Response) -> str:
    return answer.headers.get("content-type", "")


@contextmanager
def lying(edge: str) -> Iterator[Liar]:
    """A proxy before `edge`, honest until told otherwise."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            said = liar.answer(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(said.promised or len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)
            if said.promised is not None:
                self.close_connection = True

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    liar = Liar(f"http://127.0.0.1:{server.server_address[1]}", edge)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield liar
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()
