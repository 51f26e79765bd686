"""The content listener: one preview, its files, and nothing else."""

from __future__ import annotations

import io
import time
import zipfile
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from ferry.edge.content.app import REMEMBER_S, ContentApp
from ferry.edge.content.media import media_type
from ferry.edge.content.previews import Preview
from ferry.kernel import clock
from ferry.kernel.storage import blobs
from tests.edge.published import Caller

LABEL = "abcdefghjkmnpqrstvwx"
FILES = {"index.html": b"<h1>Ferry</h1>", "js/app.js": b"run()", "data.bin": bytes(range(200)), "READ ME.txt": b"hi"}


def stored_zip() -> tuple[bytes, tuple[tuple[str, int, int, str], ...]]:
    """A zip without compression, with the place of each file's bytes in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, body in FILES.items():
            archive.writestr(name, body)
    raw = buffer.getvalue()
    return raw, tuple(
        (name, raw.index(body), len(body), f"{number:064d}") for number, (name, body) in enumerate(FILES.items())
    )


@pytest.fixture
def previews() -> dict[str, Preview]:
    raw, files = stored_zip()
    sha256 = blobs().put(raw).sha256
    return {LABEL: Preview(sha256, files, "index.html", clock.now() + timedelta(hours=1))}


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def app(previews: dict[str, Preview], asked: list[str]) -> ContentApp:
    def find(label: str) -> Preview | None:
        asked.append(label)
        return previews.get(label)

    return ContentApp("http://{version}.pkg.localhost:8002", find, ("http://127.0.0.1:8000",))


@pytest.fixture
def call(app: ContentApp) -> Caller:
    return Caller(app, host=f"{LABEL}.pkg.localhost:8002")


def test_the_entry_is_at_the_root(call: Caller) -> None:
    answer = call("GET", "/")
    assert (answer.status_code, answer.content) == (200, FILES["index.html"])
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["index.html", "js/app.js", "data.bin", "READ ME.txt"])
def test_each_file_comes_out_of_the_package(call: Caller, path: str) -> None:
    answer = call("GET", f"/{path}")
    assert (answer.status_code, answer.content) == (200, FILES[path])
    assert answer.headers["content-type"] == media_type(path)


def test_a_part_of_a_file(call: Caller) -> None:
    answer = call("GET", "/data.bin", range="bytes=10-19")
    assert (answer.status_code, answer.content) == (206, FILES["data.bin"][10:20])


def test_what_the_browser_has_is_not_sent_again(call: Caller) -> None:
    etag = call("GET", "/js/app.js").headers["etag"]
    answer = call("GET", "/js/app.js", if_none_match=etag)
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize("path", ["/", "/js/app.js", "/missing", "/../index.html"])
def test_every_answer_is_fenced_in(call: Caller, path: str) -> None:
    headers = call("GET", path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("sandbox ")
    assert "allow-top-navigation" not in policy
    assert "allow-popups" not in policy
    assert "frame-ancestors 'self' http://127.0.0.1:8000" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "set-cookie" not in headers
    assert "access-control-allow-origin" not in headers
    assert headers["cache-control"].startswith("private")


def test_pages_reach_what_their_version_asks_for(previews: dict[str, Preview], call: Caller) -> None:
    previews[LABEL] = replace(
        previews[LABEL], connect=("api.example.com", "*.cdn.example.com"), frames=("a.example.org",)
    )
    policy = call("GET", "/").headers["content-security-policy"]
    sources = {name: set(rest) for name, *rest in (part.split() for part in policy.split("; "))}
    assert sources["connect-src"] == {
        "'self'",
        "data:",
        "blob:",
        "https://api.example.com",
        "https://*.cdn.example.com",
    }
    assert sources["frame-src"] == {"'self'", "data:", "blob:", "https://a.example.org"}


def test_pages_of_a_version_that_asks_for_nothing_reach_their_own_files(call: Caller) -> None:
    policy = call("GET", "/").headers["content-security-policy"]
    assert "connect-src 'self' data: blob:;" in policy
    assert "https:" not in policy


@pytest.mark.parametrize("path", ["/missing", "/js", "/js/", "/../secret.key", "/v1/checkin", "/healthz"])
def test_no_other_path_leads_anywhere(call: Caller, path: str) -> None:
    assert call("GET", path).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_sent_here(call: Caller, method: str) -> None:
    assert call(method, "/").status_code == 405


@pytest.mark.parametrize(
    "host",
    [
        "pkg.localhost:8002",
        "localhost:8002",
        "127.0.0.1:8002",
        f"x.{LABEL}.pkg.localhost:8002",
        f"{LABEL}.pkg.localhost.evil.example",
        "short.pkg.localhost:8002",
        f"{LABEL[:-1]}y.pkg.localhost:8002",
    ],
)
def test_any_other_host_shows_nothing(app: ContentApp, host: str) -> None:
    assert Caller(app, host=host)("GET", "/").status_code == 404


def test_an_upper_case_host_is_the_same(app: ContentApp) -> None:
    assert Caller(app, host=f"{LABEL.upper()}.pkg.localhost:8002")("GET", "/").status_code == 200


def test_an_expired_preview_is_gone_at_once(call: Caller, previews: dict[str, Preview]) -> None:
    assert call("GET", "/").status_code == 200
    with clock.frozen(clock.now() + timedelta(hours=2)):
        assert call("GET", "/").status_code == 404


def test_labels_are_looked_up_once_in_a_while(call: Caller, asked: list[str]) -> None:
    for _ in range(5):
        call("GET", "/")
    assert asked == [LABEL]


def test_while_the_database_is_away_nobody_is_told_that_it_is_gone(previews: dict[str, Preview]) -> None:
    def away(label: str) -> Preview | None:
        raise OperationalError("the database is away")

    app = ContentApp("http://{version}.pkg.localhost:8002", away)
    answer = Caller(app, host=f"{LABEL}.pkg.localhost:8002")("GET", "/")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"


def test_while_the_storage_is_away_nobody_is_told_that_it_is_lost(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(sha256: str) -> None:
        raise ConnectionError("the bucket does not answer")

    monkeypatch.setattr("ferry.edge.content.app.open_blob", away)
    answer = call("GET", "/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


def test_guessing_does_not_fill_memory(app: ContentApp) -> None:
    for number in range(1100):
        Caller(app, host=f"guess{number:016d}.pkg.localhost:8002")("GET", "/")
    assert len(app._known) <= 1000


def test_nothing_is_remembered_beyond_its_time(app: ContentApp, call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call("GET", "/").status_code == 200
    later = time.monotonic() + REMEMBER_S + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    Caller(app, host=f"guess{0:016d}.pkg.localhost:8002")("GET", "/")
    assert LABEL not in app._known


def test_health_is_answered_by_the_plain_host_only(app: ContentApp, call: Caller) -> None:
    assert Caller(app, host="127.0.0.1:8002")("GET", "/healthz").status_code == 200
    assert call("GET", "/healthz").status_code == 404


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/b.MJS", "text/javascript; charset=utf-8"),
        ("a.b/c", "application/octet-stream"),
        ("x.wasm", "application/wasm"),
    ],
)
def test_types(path: str, expected: Any) -> None:
    assert media_type(path) == expected
