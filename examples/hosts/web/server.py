"""The web host's own server: the part that a phone would have built in.

It serves the phone page at http://harbour.localhost:PORT/ (localhost leads there) and, at every name below that one,
nothing but the boot page and its service worker. It never sees a mini-program: the phone page downloads, verifies and
unpacks packages itself and hands the files to the boot page, so that each version runs in an origin of its own, which
can reach neither the host nor the network. docs/decisions/0801-web-host-origins.md has the reasons;
docs/host-app.md walks through the same steps for Kotlin, Swift and ArkTS.

    python examples/hosts/web/server.py --edge http://127.0.0.1:8001 --app-key fa_…
"""

from __future__ import annotations

import argparse
import json
import threading
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

NAME = "harbour.localhost"
HERE = Path(__file__).resolve().parent
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Config:
    """What is built into the app: where its platform is, who it is, and whose signatures it believes."""

    edge: str
    app_key: str
    host_version: str = "6.3.0"
    root: dict[str, str] = field(default_factory=dict)  # kid → PEM of root keys; empty: those seen first are kept
    phone: str = ""  # registration message id; empty: the page makes one up
    policy_version: str = "2026-11"  # of the privacy policy; people are asked again when it changes
    answer_ms: int = 10_000  # how long to wait for an answer, and between two pieces of a body
    preset: str = ""  # path of a preset bundle that the app is built with


def _policy(config: Config, port: int, *, host: bool) -> str:
    """The page's content security policy: the phone may talk to its edge, the boot page to nobody."""
    if not host:
        return f"default-src 'none'; script-src 'self'; worker-src 'self'; frame-ancestors http://{NAME}:{port}"
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        f"connect-src 'self' {config.edge}; frame-src http://*.{NAME}:{port}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        port = self.server.server_port
        name, _, _ = (self.headers.get("Host") or "").partition(":")
        path = self.path.partition("?")[0]
        if name == NAME:
            config = self.server.config
            if path == "/config.json":
                body = json.dumps(asdict(config) | {"preset": bool(config.preset)}).encode()
                return self._send(HTTPStatus.OK, body, "application/json", host=True)
            if path == "/preset.zip" and config.preset:
                return self._send(HTTPStatus.OK, Path(config.preset).read_bytes(), "application/zip", host=True)
            return self._file(HERE / "host", path.lstrip("/") or "index.html", host=True)
        if name.endswith(f".{NAME}"):
            if not path.startswith("/.ferry/"):
                return self._send(HTTPStatus.NOT_FOUND, b"", "text/plain", host=False)
            return self._file(HERE / "boot", path.removeprefix("/.ferry/"), host=False)
        if name in ("localhost", "127.0.0.1"):  # one origin, so that storage and CORS have one name
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", f"http://{NAME}:{port}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        return self._send(HTTPStatus.MISDIRECTED_REQUEST, b"", "text/plain", host=False)

    def _file(self, folder: Path, name: str, *, host: bool) -> None:
        known = {entry.name: entry for entry in folder.iterdir()}  # a name is looked up, never joined to a path
        if name not in known:
            return self._send(HTTPStatus.NOT_FOUND, b"", "text/plain", host=host)
        return self._send(HTTPStatus.OK, known[name].read_bytes(), TYPES[known[name].suffix], host=host)

    def _send(self, status: HTTPStatus, body: bytes, kind: str, *, host: bool) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Security-Policy", _policy(self.server.config, self.server.server_port, host=host))
        if not host:
            self.send_header("Service-Worker-Allowed", "/")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the page's own event log is what one watches."""


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    config: Config


class WebHost:
    """The server in a thread: `with WebHost(config, port=8003) as host: … host.url`. Port 0 takes a free one."""

    def __init__(self, config: Config, *, port: int = 8003) -> None:
        self._listener = _Listener(("127.0.0.1", port), _Handler)
        self._listener.config = config
        self._thread = threading.Thread(target=self._listener.serve_forever, name="web-host", daemon=True)

    @property
    def url(self) -> str:
        return f"http://{NAME}:{self._listener.server_port}"

    def configure(self, config: Config) -> None:
        """Replaces what the next page load is told."""
        self._listener.config = config

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description="A phone in the browser that opens mini-programs from a Ferry edge.")
    parser.add_argument("--edge", required=True, help="the edge's base URL, for example http://127.0.0.1:8001")
    parser.add_argument("--app-key", required=True, help="the host app's public key, fa_…")
    parser.add_argument("--port", type=int, default=8003)
    parser.add_argument("--host-version", default="6.3.0", help="the version this super app says it has")
    parser.add_argument("--preset", default="", metavar="FILE", help="a bundle made by “ferry preset”, built in")
    given = parser.parse_args()
    edge = given.edge.rstrip("/")
    config = Config(edge=edge, app_key=given.app_key, host_version=given.host_version, preset=given.preset)
    with WebHost(config, port=given.port) as host:
        print(f"Open {host.url} . Ctrl-C stops it.", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
