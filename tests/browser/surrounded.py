"""The edge of the tests with what surrounds a mini-program: terms, trials, links, categories."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.browser.misbehaving import APP_KEY, MisbehavingEdge


class SurroundedEdge(MisbehavingEdge):
    """Say terms, put versions on trial, name links and shelves; the rest is as in MisbehavingEdge."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[tuple[str, int], dict[str, Any]] = {}  # program, code → the entry in "terms"
        self.trials: dict[str, tuple[str, dict[str, Any]]] = {}  # token → program, offer
        self.links: dict[str, dict[str, str]] = {}
        self.shelves: list[dict[str, Any]] = []
        self.places: dict[str, str] = {}  # program → category

    def say(self, program: str, code: int, serial: int, **terms: Any) -> None:
        """The platform signs terms of a version."""
        nowhere: dict[str, list[str]] = {"request": [], "webview": [], "upload": [], "download": []}
        body = {"serial": serial, "capabilities": [], "domains": nowhere, **terms}
        statement = {"host_app": APP_KEY, "program": program, "version_code": code, "terms": body}
        self.said[program, code] = {
            "id": program,
            "code": code,
            "terms": body,
            "terms_signature": self.sign(statement),
        }
        self.version += 1

    def put_on_trial(self, token: str, program: str, code: int) -> None:
        """A version that only devices with this token get."""
        kept = self.offers.get(program)
        self.publish(program, code)
        self.trials[token] = (program, self.offers.pop(program))
        if kept is not None:
            self.offers[program] = kept

    def _codes(self) -> set[tuple[str, int]]:
        return super()._codes() | {(program, offer["code"]) for program, offer in self.trials.values()}

    def _check_in(self, body: dict[str, Any]) -> dict[str, Any]:
        everybody = dict(self.offers)
        held = [token for token in body.get("trials", []) if token in self.trials]
        self.offers |= dict(self.trials[token] for token in held)
        try:
            answer = super()._check_in(body)
        finally:
            self.offers = everybody
        if "unchanged" in answer:
            return answer
        answer["updates"] = [self._with_terms(update) for update in answer["updates"]]
        newer = [
            self.said[one["id"], one["code"]]
            for one in body["installed"]
            if (one["id"], one["code"]) in self.said
            and self.said[one["id"], one["code"]]["terms"]["serial"] > one.get("terms", 0)
        ]
        if newer:
            answer["terms"] = newer
        if "trials" in body:
            ends = "2099-01-01T00:00:00Z"
            answer["trials"] = [{"token": token, "id": self.trials[token][0], "ends_at": ends} for token in held]
        return answer

    def _with_terms(self, update: dict[str, Any]) -> dict[str, Any]:
        said = self.said.get((update["id"], update["code"]))
        return update if said is None else update | {name: said[name] for name in ("terms", "terms_signature")}

    def _answer(self, request: BaseHTTPRequestHandler, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        if path == "/v1/privacy/accept":
            return 200, b'{"stored": true}'
        if path.startswith("/v1/links/"):
            link = self.links.get(path.removeprefix("/v1/links/"))
            gone = {"error": {"code": "no_such_link", "message": "There is no such link."}}
            return (200, json.dumps(link).encode()) if link else (404, json.dumps(gone).encode())
        if path == "/v1/miniapps":
            items = [
                {"id": each, "name": each, "description": "", "icons": {}, "category": self.places.get(each, "")}
                for each in self.offers
            ]
            return 200, json.dumps({"state": "s", "miniapps": items, "categories": self.shelves}).encode()
        return super()._answer(request, path, body)
