"""An edge that speaks the device protocol and misbehaves on request, for the rules that a healthy edge never shows.

The packages and signatures are real (stored zip, SHA-256, ECDSA P-256 in DER); what is answered and when is the test's.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import threading
import time
import zipfile
from collections import defaultdict, deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ferry.kernel.signing.canonical import canonical_json

APP_KEY = "fa_test"
PAGE = "<!doctype html><meta charset=utf-8><h1>{title}</h1><script>{script}</script>"


def stored_zip(files: dict[str, bytes]) -> bytes:
    """A canonical package: sorted, stored, dated 1980."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(files):
            archive.writestr(zipfile.ZipInfo(path), files[path])
    return out.getvalue()


@dataclass
class Fault:
    """One answer that is not the healthy one."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    hang: bool = False  # take the request and never answer
    cut: int = 0  # send only so many bytes of the body, then close


class MisbehavingEdge:
    """`with MisbehavingEdge() as edge:` then publish, offer, withdraw, fail; `edge.seen` is what the phone sent."""

    def __init__(self) -> None:
        self.signer = ec.generate_private_key(ec.SECP256R1())
        self.packages: dict[str, bytes] = {}
        self.offers: dict[str, dict[str, Any]] = {}
        self.withdrawn: dict[str, str] = {}
        self.unavailable: dict[str, str] = {}
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.seen: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.tokens: set[str] = set()
        self.version = 1
        self.expires_in = 900.0
        self.not_offered: set[tuple[str, int]] = set()  # what the list leaves out although it is answered
        self.hides = False  # answers check-ins as if nothing had happened
        self.interval = 1800
        self.inbox: list[tuple[int, dict[str, Any]]] = []
        self.streams = 0  # how many are open
        self.cut_streams = 0  # counts up: every open stream ends
        self._open = threading.Event()
        self._answered = threading.Condition()
        self._start(0)

    # What the platform decided

    def publish(self, program: str, code: int, *, files: dict[str, bytes] | None = None, script: str = "") -> bytes:
        """Makes version `code` and offers it to everybody."""
        files = files or {"index.html": PAGE.format(title=f"version {code}", script=script).encode()}
        package = stored_zip(files)
        sha = hashlib.sha256(package).hexdigest()
        self.packages[sha] = package
        root = hashlib.sha256(package[::-1]).hexdigest()
        statement = {
            "host_app": APP_KEY,
            "program": program,
            "version_code": code,
            "sha256": sha,
            "size": len(package),
            "files_root": root,
        }
        self.offers[program] = {
            "id": program,
            "code": code,
            "name": f"{code}.0.0",
            "kind": "h5",
            "entry": "index.html",
            "action": "install",
            "apply": "next_open",
            "network": "any",
            "package": {"url": f"{self.url}/packages/{sha}", "size": len(package), "sha256": sha, "files_root": root},
            "signature": self.sign(statement),
        }
        self.version += 1
        return package

    def grant(
        self,
        program: str,
        serial: int,
        *capabilities: str,
        request: tuple[str, ...] = (),
        webview: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        """Gives the offered version terms of this serial."""
        offer = self.offers[program]
        domains = {"request": list(request), "webview": list(webview), "upload": [], "download": []}
        terms = {"serial": serial, "capabilities": list(capabilities), "domains": domains}
        statement = {"host_app": APP_KEY, "program": program, "version_code": offer["code"], "terms": terms}
        offer |= {"terms": terms, "terms_signature": self.sign(statement)}
        self.version += 1

    def push(self, message: str, title: str = "Hello", **more: Any) -> None:
        """A message for every phone, by stream and by sync."""
        payload = {"id": f"copy-{message}", "message": message, "title": title, "body": "Text", "link": "", "data": {}}
        with self._answered:
            self.inbox.append((1000 + len(self.inbox), payload | more))
            self._answered.notify_all()

    def break_streams(self) -> None:
        """Every open stream ends, as on a restart of the edge."""
        with self._answered:
            self.cut_streams += 1
            self._answered.notify_all()

    def sign(self, statement: dict[str, Any]) -> dict[str, str]:
        value = self.signer.sign(canonical_json(statement), ec.ECDSA(hashes.SHA256()))
        return {"alg": "ES256", "kid": "k1", "value": base64.b64encode(value).decode()}

    def fail(self, call: str, **fault: Any) -> None:
        """The next answer to `call` ("POST /v1/checkin", "GET /packages") is this fault."""
        self.faults[call].append(Fault(**fault))

    # What the phone did

    def calls(self, call: str) -> list[dict[str, Any]]:
        return [body for name, body, _ in self.seen if name == call]

    def events(self) -> list[dict[str, Any]]:
        """Everything that came in batches, in order, a repeated one once for each time."""
        return [event for body in self.calls("POST /v1/batch") for event in body["batch"]]

    def receipts(self) -> list[tuple[str, str]]:
        return [(one["message"], one["event"]) for body in self.calls("POST /v1/receipts") for one in body["receipts"]]

    # The server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """The edge is gone: connections are refused."""
        self._open.set()
        self.break_streams()
        self._listener.shutdown()
        self._listener.server_close()

    def start_again(self) -> None:
        self._start(self.port)

    def _start(self, port: int) -> None:
        edge = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"  # a connection for each request: stopping leaves none open

            def do_GET(self) -> None:
                edge._handle(self, {})

            def do_POST(self) -> None:
                edge._handle(self, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def do_OPTIONS(self) -> None:
                self.send_response(204)
                edge._cors(self)
                self.send_header("Access-Control-Allow-Methods", "GET, POST")
                self.send_header("Access-Control-Allow-Headers", "content-type, x-app-key, authorization")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._open.clear()
        self._listener = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._listener.daemon_threads = True
        self.port = self._listener.server_port
        threading.Thread(target=self._listener.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _handle(self, request: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        path = request.path.partition("?")[0]
        call = f"{request.command} {'/packages' if path.startswith('/packages/') else path}"
        self.seen.append((call, body, dict(request.headers)))
        fault = self.faults[call].popleft() if self.faults[call] else Fault()
        if fault.hang:
            self._open.wait(60)
            return
        if fault.status:
            self._send(request, fault.status, json.dumps(fault.body).encode(), fault.headers)
            return
        if path == "/v1/stream":
            self._stream(request)
            return
        status, answer = self._answer(request, path, body)
        self._send(request, status, answer[: fault.cut] if fault.cut else answer, {"Content-Length": str(len(answer))})

    def _stream(self, request: BaseHTTPRequestHandler) -> None:
        query = parse_qs(request.path.partition("?")[2])
        at = int(request.headers.get("Last-Event-ID") or query.get("since", ["0"])[0])
        cut = self.cut_streams
        request.send_response(200)
        self._cors(request)
        request.send_header("Content-Type", "text/event-stream")
        request.end_headers()
        request.wfile.write(b"retry: 50\n\n")
        self.streams += 1
        try:
            while self.cut_streams == cut and not self._open.is_set():
                for position, payload in list(self.inbox):
                    if position > at:
                        at = position
                        request.wfile.write(f"id: {position}\ndata: {json.dumps(payload)}\n\n".encode())
                with self._answered:
                    self._answered.wait(0.1)
        except OSError:
            pass  # the page was closed
        finally:
            self.streams -= 1

    def _answer(self, request: BaseHTTPRequestHandler, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        if path == "/v1/devices":
            token = f"token-{len(self.calls('POST /v1/devices'))}"
            self.tokens.add(token)
            device = hashlib.sha256(body["message_id"].encode()).hexdigest()[:26]
            return 200, json.dumps({"device": {"id": device}, "token": token, "stored": True}).encode()
        if path == "/v1/checkin":
            if request.headers["Authorization"].removeprefix("Device ") not in self.tokens:
                return 401, json.dumps({"error": {"code": "device_token_invalid", "message": "Register."}}).encode()
            return 200, json.dumps(self._check_in(body)).encode()
        if path == "/v1/batch":
            return 200, b'{"success": true}'
        if path == "/v1/receipts":
            return 200, json.dumps({"taken": len(body["receipts"]), "refused": []}).encode()
        if path == "/v1/stream/ticket":
            return 200, b'{"ticket": "t.t", "expires_in": 60}'
        if path == "/v1/sync":
            since = int(parse_qs(request.path.partition("?")[2]).get("since", ["0"])[0])
            items = [{"cursor": str(at), "message": payload} for at, payload in self.inbox if at > since]
            cursor = items[-1]["cursor"] if items else str(since)
            return 200, json.dumps({"items": items, "cursor": cursor, "more": False, "next_sync_after": 1}).encode()
        if path.startswith("/v1/freshness/"):
            now = int(time.time() * 1000)
            statement = {"host_app": APP_KEY, "version": self.version, "issued_at": now, "keys": 1}
            statement["expires_at"] = now + int(self.expires_in * 1000)
            statement["offered"] = hashlib.sha256(self._offered()).hexdigest()
            return 200, json.dumps({"statement": statement, "signature": self.sign(statement)}).encode()
        if path.startswith("/v1/offered/"):
            return 200, self._offered()
        if path.startswith("/v1/keys/"):
            return 200, self._keys()
        if path == "/keys/k1":
            return 200, json.dumps(json.loads(self._keys())["statement"]["keys"][0]).encode()
        if path == "/v1/miniapps":
            items = [{"id": id_, "name": id_, "description": "", "icons": {}} for id_ in self.offers]
            return 200, json.dumps({"state": "s", "miniapps": items}).encode()
        package = self.packages.get(path.removeprefix("/packages/"))
        return (200, package) if package else (404, b"{}")

    def _keys(self) -> bytes:
        """The list of keys; this edge has one for everything."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        pem = self.signer.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
        keys = [{"alg": "ES256", "kid": "k1", "pem": pem, "purpose": each} for each in ("package", "freshness", "root")]
        now = int(time.time() * 1000)
        statement = {"version": 1, "issued_at": now, "expires_at": now + 86_400_000, "keys": keys}
        return json.dumps({"statement": statement, "signatures": [self.sign(statement)]}).encode()

    def _offered(self) -> bytes:
        """What is offered to anybody, and what is withdrawn, as digests."""

        def digest(program: str, what: int | str) -> str:
            return hashlib.sha256(canonical_json([APP_KEY, program, what])).hexdigest()[:16]

        versions = [digest(*each) for each in self._codes() - self.not_offered]
        withdrawn = [digest(program, "withdrawn") for program in self.withdrawn]
        return canonical_json({"versions": sorted(versions), "withdrawn": sorted(withdrawn)})

    def _codes(self) -> set[tuple[str, int]]:
        """Every version that somebody gets."""
        return {(program, offer["code"]) for program, offer in self.offers.items()}

    def _check_in(self, body: dict[str, Any]) -> dict[str, Any]:
        state = f"s.{self.version}.{json.dumps([body['installed'], body['want'], body.get('attributes')])}"
        if body["state"] == state:
            return {"unchanged": True, "state": state, "next_check_after": self.interval}
        installed = {one["id"]: one["code"] for one in body["installed"]}
        if self.hides:
            return {"unchanged": True, "state": body["state"], "next_check_after": self.interval}
        known = {(one["id"], one["code"]): one.get("terms", 0) for one in body["installed"]}
        newer = [
            {name: offer[name] for name in ("id", "code", "terms", "terms_signature")}
            for offer in self.offers.values()
            if "terms" in offer
            and known.get((offer["id"], offer["code"]), self.version) != offer["terms"]["serial"]
            and (offer["id"], offer["code"]) in known
        ]
        asked = set(installed) | set(body["want"])
        updates = [
            offer
            for id_, offer in self.offers.items()
            if id_ in asked and offer["code"] != installed.get(id_) and id_ not in self.withdrawn
        ]
        return {
            "state": state,
            "server_time": "",
            "next_check_after": self.interval,
            "updates": updates,
            **({"terms": newer} if newer else {}),
            "withdrawn": [{"id": id_, "message": text} for id_, text in self.withdrawn.items() if id_ in asked],
            "unavailable": [
                {"id": id_, "code": "no_release", "message": text} for id_, text in self.unavailable.items()
            ],
        }

    def _cors(self, request: BaseHTTPRequestHandler) -> None:
        request.send_header("Access-Control-Allow-Origin", request.headers.get("Origin", "*"))
        request.send_header("Access-Control-Expose-Headers", "etag, content-range, retry-after")

    def _send(self, request: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
        request.send_response(status)
        self._cors(request)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)
