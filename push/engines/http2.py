"""Many POSTs over one HTTP/2 connection: libcurl's multi interface, 100 streams at once.

libcurl does framing, flow control, reconnection and TLS in C; per answer only a few Python calls remain (the ratios
are in docs/decisions/0953). Redirects are not followed and nothing but http and https is spoken: a vendor's address
comes from settings, its answers are never believed to be anything else.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import certifi
import pycurl

log = logging.getLogger(__name__)

STREAMS = 100  # at once: what APNs allows a new connection
_LONGEST_ANSWER = 64 * 1024
_CONNECT_S = 5
_TURN_S = 0.25  # how long to sleep in the kernel when nothing moves


@dataclass(frozen=True, slots=True)
class Post:
    """One request. `name` comes back with its answer."""

    name: str
    url: str
    headers: list[str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Status 0: nothing did, and `problem` says why; `trusted` is False when TLS said no."""

    name: str
    status: int
    body: bytes = b""
    retry_after: float | None = None  # seconds
    problem: str = ""
    trusted: bool = True


class _Body:
    """Collects an answer's body, up to a bound: returning fewer bytes than given makes libcurl end the transfer."""

    __slots__ = ("parts", "size")

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0

    def take(self, part: bytes) -> int:
        self.size += len(part)
        if self.size > _LONGEST_ANSWER:
            return 0
        self.parts.append(part)
        return len(part)


class Sender:
    """One connection to one vendor, kept open between batches. For one thread."""

    def __init__(self, *, ca: str = "", answer_s: float = 15.0, streams: int = STREAMS) -> None:
        """`ca`: a PEM file to trust instead of the usual ones. `answer_s`: the longest wait for one answer."""
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, 1)
        self._multi.setopt(pycurl.M_MAX_CONCURRENT_STREAMS, streams)
        self._free = [self._handle(ca or certifi.where(), answer_s) for _ in range(streams)]

    def send(self, posts: Iterable[Post], *, until: float) -> Iterator[Answer]:
        """Post all of them and give the answers as they come, in any order.

        `posts` is read as streams become free, so it may end early when an answer says that the rest is of no use. At
        `until` (monotonic seconds) what has no answer yet is given up.
        """
        waiting = iter(posts)
        going: dict[pycurl.Curl, tuple[Post, _Body]] = {}
        answers: deque[Answer] = deque()
        more = True
        try:
            while more or going:
                while more and self._free:
                    post = next(waiting, None)
                    if post is None:
                        more = False
                    else:
                        self._post(post, going)
                moved = self._turn(going, answers)
                while answers:
                    yield answers.popleft()
                if time.monotonic() > until:
                    yield from [Answer(post.name, 0, problem="no answer in time") for post, _ in going.values()]
                    return
                if not moved and going:
                    self._multi.select(_TURN_S)
        finally:
            for handle in list(going):
                self._multi.remove_handle(handle)
                self._free.append(handle)

    def close(self) -> None:
        """Close the connection."""
        self._multi.close()

    def _post(self, post: Post, going: dict[pycurl.Curl, tuple[Post, _Body]]) -> None:
        handle, body = self._free.pop(), _Body()
        handle.setopt(pycurl.URL, post.url)
        plain = post.url.startswith("http://")
        version = pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE if plain else pycurl.CURL_HTTP_VERSION_2TLS
        handle.setopt(pycurl.HTTP_VERSION, version)
        handle.setopt(pycurl.HTTPHEADER, post.headers)
        handle.setopt(pycurl.POSTFIELDS, post.body)
        handle.setopt(pycurl.WRITEFUNCTION, body.take)
        self._multi.add_handle(handle)
        going[handle] = (post, body)

    def _turn(self, going: dict[pycurl.Curl, tuple[Post, _Body]], answers: deque[Answer]) -> bool:
        """Let libcurl work; take what has ended. False when nothing has."""
        self._multi.perform()
        moved = False
        while True:
            queued, ended, failed = self._multi.info_read(STREAMS)
            for handle in ended:
                post, body = self._done(handle, going)
                status = handle.getinfo(pycurl.RESPONSE_CODE)
                wait = float(handle.getinfo(pycurl.RETRY_AFTER)) if status != 200 else 0.0
                answers.append(Answer(post.name, status, b"".join(body.parts), wait or None))
            for handle, code, problem in failed:
                post, _ = self._done(handle, going)
                answers.append(Answer(post.name, 0, problem=f"{problem} ({code})", trusted=code not in _DISTRUST))
            moved = moved or bool(ended or failed)
            if not queued:
                return moved

    def _done(self, handle: pycurl.Curl, going: dict[pycurl.Curl, tuple[Post, _Body]]) -> tuple[Post, _Body]:
        self._multi.remove_handle(handle)
        self._free.append(handle)
        return going.pop(handle)

    @staticmethod
    def _handle(ca: str, answer_s: float) -> pycurl.Curl:
        handle = pycurl.Curl()
        handle.setopt(pycurl.POST, 1)
        handle.setopt(pycurl.PIPEWAIT, 1)  # for the one connection, instead of opening a second
        handle.setopt(pycurl.NOSIGNAL, 1)
        handle.setopt(pycurl.TCP_KEEPALIVE, 1)
        handle.setopt(pycurl.USERAGENT, "Ferry")
        handle.setopt(pycurl.FOLLOWLOCATION, 0)
        handle.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        handle.setopt(pycurl.CAINFO, ca)
        handle.setopt(pycurl.CONNECTTIMEOUT, _CONNECT_S)
        handle.setopt(pycurl.TIMEOUT_MS, int(answer_s * 1000))
        return handle


_DISTRUST = frozenset(
    {pycurl.E_SSL_CACERT, pycurl.E_SSL_CONNECT_ERROR, pycurl.E_SSL_CACERT_BADFILE, pycurl.E_PEER_FAILED_VERIFICATION}
)
