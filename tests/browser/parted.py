"""The edge of the tests with mini-programs that come in parts and borrow plugins; it tells what was fetched of them."""

from __future__ import annotations

import hashlib
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.browser.misbehaving import APP_KEY, MisbehavingEdge, stored_zip

MAIN = "__APP__"
NOWHERE: dict[str, list[str]] = {"request": [], "webview": [], "upload": [], "download": []}


class PartedEdge(MisbehavingEdge):
    """`publish_parts`, then `fetched` are the names of what the phone has fetched, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.named: dict[str, str] = {}  # sha256 → the part's name, "whole" for a package
        self.asked: list[str] = []

    @property
    def fetched(self) -> list[str]:
        """Since the last look."""
        found, self.asked = self.asked, []
        return found

    def publish_parts(
        self, program: str, code: int, files: dict[str, bytes], roots: dict[str, str], **terms: Any
    ) -> None:
        """A version with a sub-package for each root; a name that begins with "+" is independent."""
        whole = self.publish(program, code, files=files)
        self.named[hashlib.sha256(whole).hexdigest()] = "whole"
        held: dict[str, dict[str, bytes]] = {MAIN: {}, **{name: {} for name in roots}}
        for path, content in files.items():
            name = next((name for name, root in roots.items() if path.startswith(f"{root}/")), MAIN)
            held[name][path] = content
        parts = [
            {
                "name": name.lstrip("+"),
                "root": roots.get(name, ""),
                "independent": name[0] == "+",
                **self.keep(name, own),
            }
            for name, own in held.items()
            if own
        ]
        self.say(program, 1, parts=parts, **terms)

    def keep(self, name: str, files: dict[str, bytes]) -> dict[str, Any]:
        """A part or plugin that can be fetched; its hash and size."""
        content = stored_zip(files)
        sha = hashlib.sha256(content).hexdigest()
        self.packages[sha] = content
        self.named[sha] = name.lstrip("+")
        return {"sha256": sha, "size": len(content)}

    def say(self, program: str, serial: int, **terms: Any) -> None:
        """Signs terms of the version that is offered."""
        offer = self.offers[program]
        body = {"serial": serial, "capabilities": [], "domains": NOWHERE, **terms}
        statement = {"host_app": APP_KEY, "program": program, "version_code": offer["code"], "terms": body}
        offer |= {"terms": body, "terms_signature": self.sign(statement)}
        self.version += 1

    def _answer(self, request: BaseHTTPRequestHandler, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        if path.startswith("/packages/"):
            self.asked.append(self.named[path.removeprefix("/packages/")])
        return super()._answer(request, path, body)
