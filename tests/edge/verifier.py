"""The client rules about trust in their plainest form: what docs/host-app.md asks of every host app, in Python.

It believes a root key that is built in, and nothing else that comes over the network unless it leads back to that.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from json import loads
from typing import Any

import zstandard

from ferry.kernel.signing.canonical import canonical_json
from ferry.kernel.signing.ecdsa import verify

CLOCK_MS = 5 * 60 * 1000
MOST_JSON = 4_000_000

Get = Callable[[str], bytes]  # path → body; raises Unreachable


class Unreachable(Exception):
    """No network, a time-out, an answer that is none."""


class Refused(Exception):
    """What came is not to be believed; `args[0]` says which rule it broke."""


@dataclass
class Installed:
    """A verified package, kept with what was signed about it."""

    code: int
    body: bytes
    statement: dict[str, Any]
    signature: dict[str, str]


@dataclass
class Host:
    """One host app on one phone."""

    app_key: str
    root: dict[str, str]  # kid → PEM
    get: Get
    check_in: Callable[[dict[str, Any]], dict[str, Any]]
    now: Callable[[], int]  # ms
    keys: dict[str, Any] | None = None  # the statement of the list of keys
    seen: tuple[str, int] | None = None  # who said so, and the highest version of the host app
    offered: tuple[str, dict[str, list[str]]] | None = None  # sha256, the list
    installed: dict[str, Installed] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    state: str = ""
    downloads: list[str] = field(default_factory=list)

    def turn(self, *want: str) -> None:
        """One check-in with everything that follows. Raises Refused or Unreachable; what is installed stays."""
        known = {program: each for program, each in self.installed.items() if self._counts(each)}
        answer = self.check_in(
            {
                "installed": [{"id": program, "code": each.code} for program, each in known.items()],
                "want": [*want, *(self.installed.keys() - known.keys())],
                "state": self.state,
            }
        )
        named = {each["id"] for kind in ("withdrawn", "unavailable") for each in answer.get(kind, ())}
        self.closed |= named
        offered = self._offered(self._fresh())
        self._close_withdrawn(offered)
        self._all_there(answer, known, named, offered)
        lost = [program for program, each in known.items() if not self._counts(each)]
        if lost:  # the list of keys has just changed: what a revoked key vouched for has to be vouched for again
            return self.turn(*want, *lost)
        if answer.get("unchanged"):
            return None
        self.closed -= {each for each in self.closed - named if not self._is(offered, "withdrawn", each, "withdrawn")}
        for update in answer["updates"]:
            self._install(update, offered)
        self.state = answer["state"]
        return None

    def open(self, program: str) -> bytes:
        """The package to run, verified again; works without a network."""
        if program in self.closed:
            raise Refused("closed")
        kept = self.installed[program]
        self._verify(kept.statement, kept.signature, kept.body)
        return kept.body

    # The chain: root → list of keys → freshness → list of what is offered → package

    def _fresh(self) -> dict[str, Any]:
        """The statement that a version was the newest a moment ago."""
        document = self._json(f"/v1/freshness/{self.app_key}")
        statement, signature = document["statement"], document["signature"]
        if self.keys is None or statement["keys"] > self.keys["version"] or self.now() > self.keys["expires_at"]:
            self._renew_keys()
        assert self.keys is not None
        if statement["keys"] != self.keys["version"]:
            raise Refused("keys_older")
        self._signed("freshness", statement, signature)
        if statement["host_app"] != self.app_key:
            raise Refused("app")
        if self.now() > statement["expires_at"] + CLOCK_MS:
            raise Refused("expired")
        if self.seen is not None and self._key(self.seen[0], "freshness") is None:
            self.seen = None  # what a revoked key said counts for nothing, also how far it counted
        if self.seen is not None and statement["version"] < self.seen[1]:
            raise Refused("older")
        self.seen = (signature["kid"], statement["version"])
        return dict(statement)

    def _renew_keys(self) -> None:
        document = self._json(f"/v1/keys/{self.app_key}")
        statement = document["statement"]
        known = dict(self.root)
        if self.keys is not None:
            known |= {key["kid"]: key["pem"] for key in self.keys["keys"] if key["purpose"] == "root"}
        message = canonical_json(statement)
        if not any(
            each["kid"] in known and verify(known[each["kid"]], message, each["value"])
            for each in document["signatures"]
        ):
            raise Refused("keys_signature")
        if self.keys is not None and statement["version"] < self.keys["version"]:
            raise Refused("keys_older")
        if self.now() > statement["expires_at"] + CLOCK_MS:
            raise Refused("keys_expired")
        self.keys = statement

    def _offered(self, statement: dict[str, Any]) -> dict[str, list[str]]:
        wanted = statement["offered"]
        if self.offered is None or self.offered[0] != wanted:
            body = self._bounded(f"/v1/offered/{self.app_key}", MOST_JSON)
            if sha256(body).hexdigest() != wanted:
                raise Refused("offered")
            self.offered = (wanted, loads(body))
        return self.offered[1]

    # What an answer may say

    def _close_withdrawn(self, offered: dict[str, list[str]]) -> None:
        """Whatever the answer says: what is withdrawn stays closed."""
        self.closed |= {each for each in self.installed if self._is(offered, "withdrawn", each, "withdrawn")}

    def _all_there(
        self, answer: dict[str, Any], known: dict[str, Installed], named: set[str], offered: dict[str, list[str]]
    ) -> None:
        """A version that nobody gets any more, and no word about it: something is being kept from us."""
        spoken = named | {each["id"] for each in answer.get("updates", ())} | self.closed
        for program, each in known.items():
            if program not in spoken and not self._is(offered, "versions", program, each.code):
                raise Refused("withheld")

    def _install(self, update: dict[str, Any], offered: dict[str, list[str]]) -> None:
        program, code, package = update["id"], update["code"], update["package"]
        if not self._is(offered, "versions", program, code):
            raise Refused("not_offered")
        statement = {
            "host_app": self.app_key,
            "program": program,
            "version_code": code,
            "sha256": package["sha256"],
            "size": package["size"],
            "files_root": package["files_root"],
        }
        self._signed("package", statement, update["signature"])
        body = self._kept(package["sha256"]) or self._patched(program, update)
        if body is None:
            body = self._download(package["url"], package["size"])
        self._verify(statement, update["signature"], body)
        self.installed[program] = Installed(code, body, statement, update["signature"])

    def _kept(self, sha: str) -> bytes | None:
        return next((each.body for each in self.installed.values() if each.statement["sha256"] == sha), None)

    def _patched(self, program: str, update: dict[str, Any]) -> bytes | None:
        """The package by its delta; None when there is none, or it does not lead there: then the whole one is taken."""
        delta, kept = update.get("delta"), self.installed.get(program)
        if delta is None or kept is None or kept.statement["sha256"] != delta["from"]:
            return None
        size: int = update["package"]["size"]
        dictionary = zstandard.ZstdCompressionDict(kept.body, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        decompressor = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=1 << 27)
        try:
            frame = self._download(delta["url"], delta["size"])
            with decompressor.stream_reader(io.BytesIO(frame)) as reader:
                body = reader.read(size + 1)  # a frame may promise anything
        except (zstandard.ZstdError, Refused):
            return None
        return body if sha256(body).hexdigest() == update["package"]["sha256"] else None

    # Bytes and signatures

    def _verify(self, statement: dict[str, Any], signature: dict[str, str], body: bytes) -> None:
        if len(body) != statement["size"] or sha256(body).hexdigest() != statement["sha256"]:
            raise Refused("hash")
        self._signed("package", statement, signature)

    def _signed(self, purpose: str, statement: dict[str, Any], signature: dict[str, str]) -> None:
        pem = self._key(signature["kid"], purpose)
        if pem is None:
            raise Refused("key")
        if signature["alg"] != "ES256" or not verify(pem, canonical_json(statement), signature["value"]):
            raise Refused("signature")

    def _key(self, kid: str, purpose: str) -> str | None:
        keys = [] if self.keys is None else self.keys["keys"]
        return next((key["pem"] for key in keys if (key["kid"], key["purpose"]) == (kid, purpose)), None)

    def _counts(self, each: Installed) -> bool:
        """Whether the key that vouched for it still counts; if not, it is asked for as if it were not here."""
        return self.keys is None or self._key(each.signature["kid"], "package") is not None

    def _is(self, offered: dict[str, list[str]], which: str, program: str, what: int | str) -> bool:
        return sha256(canonical_json([self.app_key, program, what])).hexdigest()[:16] in offered[which]

    def _download(self, url: str, size: int) -> bytes:
        path = url.partition("://")[2].partition("/")[2]
        self.downloads.append(f"/{path}")
        return self._bounded(f"/{path}", size)

    def _json(self, path: str) -> Any:
        return loads(self._bounded(path, MOST_JSON))

    def _bounded(self, path: str, most: int) -> bytes:
        body = self.get(path)
        if len(body) > most:  # a real host stops reading there
            raise Refused("too_long")
        return body
