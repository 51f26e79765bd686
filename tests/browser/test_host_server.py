"""The web host's own server: one origin for the phone, a boot page for the others, nothing else for anybody."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest

from examples.hosts.web.server import Config, WebHost


@pytest.fixture
def port() -> Iterator[int]:
    with WebHost(Config(edge="http://127.0.0.1:1", app_key="fa_x"), port=0) as host:
        yield int(host.url.rpartition(":")[2])


def get(port: int, name: str, path: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path, headers={"Host": f"{name}:{port}"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_the_phone_lives_under_one_name(port):
    assert get(port, "harbour.localhost", "/").status == 200
    for name in ("localhost", "127.0.0.1"):
        moved = get(port, name, "/")
        assert (moved.status, moved.headers["Location"]) == (302, f"http://harbour.localhost:{port}/")


def test_a_program_origin_gets_the_boot_page_and_nothing_of_the_phone(port):
    name = "v1-0123456789abcdef.harbour.localhost"
    boot = get(port, name, "/.ferry/boot.html")
    assert boot.status == 200
    assert f"frame-ancestors http://harbour.localhost:{port}" in boot.headers["Content-Security-Policy"]
    assert "default-src 'none'" in boot.headers["Content-Security-Policy"]
    for path in ("/", "/index.html", "/client.js", "/config.json", "/.ferry/client.js"):
        assert get(port, name, path).status == 404


@pytest.mark.parametrize("name", ["example.com", "harbour.localhost.example.com", "otherharbour.localhost", ""])
def test_a_foreign_name_is_refused(port, name):
    """A page elsewhere that points its own name at this address (DNS rebinding) gets nothing."""
    assert get(port, name, "/config.json").status == 421


@pytest.mark.parametrize(
    "path", ["/../server.py", "/%2e%2e/server.py", "/host.css/..", "//server.py", "/boot/sw.js", "/."]
)
def test_only_the_listed_files_are_served(port, path):
    assert get(port, "harbour.localhost", path).status == 404
