"""The management API over HTTP, as any other program would call it."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import httpx

from ferry.cli.errors import CONTENT_CODES, CliError, NotAllowed, NotReached, Refused, RuleRefused, Usage
from ferry.cli.profile import Profile

ATTEMPTS = 4  # of a request that the platform was too busy for, or that got no answer
LONGEST_WAIT = 30.0  # seconds between two of them
_RULES = {"own_work"}  # a 403 that another right would not change
_PIECE = 256 * 1024
_TIMEOUT = httpx.Timeout(10, read=120, write=120)  # a large package is checked before it is answered

Progress = Callable[[int, int], None]


class Api:
    """`with Api(profile) as api:`. Every POST has an Idempotency-Key, so that trying again never does it twice."""

    def __init__(
        self,
        profile: Profile,
        *,
        language: str = "en",
        proxy: str = "",
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if proxy and not proxy.startswith(("http://", "https://")):
            raise Usage(f"“{proxy}” is no http or https proxy. Give it like http://proxy.example.com:3128")
        self._client = httpx.Client(
            base_url=f"{profile.site}/api/v1/",
            headers={
                "Authorization": f"Bearer {profile.token}",
                "Accept": "application/json",
                "Accept-Language": language,
            },
            timeout=_TIMEOUT,
            transport=transport,
            proxy=proxy or None,
        )
        self._sleep = sleep

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connections."""
        self._client.close()

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """One object. Raises CliError."""
        return self._send("GET", path, params=query)

    def post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Do something once. Raises CliError."""
        return self._send("POST", path, json=body or {})

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Set one object as a whole. Raises CliError."""
        return self._send("PUT", path, json=body)

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Change one object. Raises CliError."""
        return self._send("PATCH", path, json=body)

    def items(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """Every item of a list, page by page."""
        while True:
            page = self.get(path, **query)
            yield from page["items"]
            if not page["next"]:
                return
            query["cursor"] = page["next"]

    def download(self, path: str, target: BinaryIO, progress: Progress) -> str:
        """Write what is there to `target`, from its beginning at each attempt; the sha256 of it. Raises CliError."""
        digest = hashlib.sha256()

        def keep(answer: httpx.Response) -> dict[str, Any]:
            nonlocal digest
            digest = hashlib.sha256()
            target.seek(0)
            target.truncate()
            total = int(answer.headers.get("Content-Length") or 0)
            for piece in answer.iter_bytes(_PIECE):
                target.write(piece)
                digest.update(piece)
                progress(target.tell(), total)
            return {}

        self._send("GET", path, take=keep)
        return digest.hexdigest()

    def upload(
        self, path: str, file: BinaryIO, query: Mapping[str, str], progress: Progress = lambda done, total: None
    ) -> dict[str, Any]:
        """Send a zip as the body. Raises CliError."""
        size = file.seek(0, 2)
        headers = {"Content-Type": "application/zip", "Content-Length": str(size)}
        return self._send("POST", path, headers, lambda: _pieces(file, size, progress), params=query)

    @property
    def site(self) -> str:
        """Which platform this is."""
        return str(self._client.base_url)

    def rest(self, seconds: float) -> None:
        """Wait before trying again."""
        self._sleep(seconds)

    def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, content: bytes | None = None
    ) -> httpx.Response:
        """One attempt, for those who know better than to repeat it as it was. Raises CliError."""
        try:
            answer = self._client.request(method, path, headers=headers, content=content)
        except httpx.HTTPError as wrong:
            raise NotReached(f"{self._client.base_url.host} does not answer: {wrong}.") from None
        if answer.status_code >= 400:
            raise _failure(answer)
        return answer

    def _send(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: Callable[[], Iterator[bytes]] | None = None,
        take: Callable[[httpx.Response], dict[str, Any]] | None = None,
        **request: Any,
    ) -> dict[str, Any]:
        headers = dict(headers or {})
        if method == "POST":
            headers["Idempotency-Key"] = uuid.uuid4().hex
        failure: CliError
        for attempt in range(1, ATTEMPTS + 1):
            if body is not None:
                request["content"] = body()  # from its beginning at each attempt
            try:
                with self._client.stream(method, path, headers=headers, **request) as answer:
                    if take is not None and answer.status_code < 400:
                        return take(answer)
                    answer.read()
            except httpx.HTTPError as wrong:
                failure, wait = NotReached(f"{self._client.base_url.host} does not answer: {wrong}."), 2.0**attempt
            else:
                if answer.status_code < 400:
                    return _json(answer)
                if answer.status_code not in (429, 503):
                    raise _failure(answer)
                failure, wait = _failure(answer), _retry_after(answer, default=2.0**attempt)
            if attempt == ATTEMPTS or wait > LONGEST_WAIT:
                raise failure
            self._sleep(wait)
        raise AssertionError("the last attempt returns or raises")


def _pieces(file: BinaryIO, size: int, progress: Progress) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece
        progress(file.tell(), size)


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        value = answer.json() if answer.content else {}
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise NotReached(f"{answer.url} is not the address of a Ferry site: its answer is not of the expected form.")
    return value


def _failure(answer: httpx.Response) -> CliError:
    try:
        body = answer.json()
        text = str(body["error"]["message"])
    except (ValueError, KeyError, TypeError):
        body, text = None, f"The platform answered {answer.status_code} {answer.reason_phrase}."
    code = str(body["error"].get("code", "")) if body else ""
    if answer.status_code == 401 or (answer.status_code == 403 and code not in _RULES):
        return NotAllowed(text, body)
    if answer.status_code >= 500 or answer.status_code == 429:
        return NotReached(text, body)
    if code in CONTENT_CODES:
        return Refused(text, body)
    return (Usage if answer.status_code in (400, 404) else RuleRefused)(text, body)


def _retry_after(answer: httpx.Response, *, default: float) -> float:
    try:
        return max(0.0, float(answer.headers["Retry-After"]))
    except (KeyError, ValueError):
        return default
