"""Where a request comes from: a stranger's header is worth nothing, a trusted proxy's is."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from ferry.kernel.api.addresses import resolve
from ferry.kernel.api.middleware import ProxyMiddleware

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "192.0.2.1", "203.0.113.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "192.0.2.1, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "192.0.2.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "10.9.9.9, 10.0.0.2", "10.9.9.9"),
        ("10.0.0.1", "rubbish", "10.0.0.1"),
        ("10.0.0.1", "192.0.2.1, rubbish, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", " 203.0.113.7:4711 ", "203.0.113.7"),
        ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("fd00::1", "2001:db8::1", "2001:db8::1"),
        ("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "203.0.113.7", "fe80::1"),
        ("", "203.0.113.7", ""),
    ],
)
def test_the_first_hop_that_is_no_proxy_of_ours(peer, forwarded, client):
    assert resolve(peer, forwarded, PROXIES) == client


@given(st.text(max_size=200))
def test_without_trusted_proxies_the_header_changes_nothing(forwarded):
    assert resolve("203.0.113.7", forwarded, ()) == "203.0.113.7"


@given(st.text(max_size=200), st.sampled_from(["10.0.0.1", "203.0.113.7", "fd00::1"]))
def test_the_answer_is_always_an_address(forwarded, peer):
    assert ip_address(resolve(peer, forwarded, PROXIES))


@given(st.lists(st.ip_addresses().map(str), max_size=5), st.ip_addresses(v=4).filter(lambda a: a not in PROXIES[0]))
def test_what_a_client_claims_is_never_believed(claims, client):
    """The client writes any header; our proxy appends the address it saw."""
    assert resolve("10.0.0.1", ", ".join([*claims, str(client)]), PROXIES) == str(client)


def test_a_header_without_end_is_not_walked_without_end():
    assert resolve("10.0.0.1", ",".join(["10.0.0.2"] * 100_000), PROXIES) == "10.0.0.2"


@pytest.mark.parametrize(("peer", "secure"), [("10.0.0.1", True), ("203.0.113.7", False), ("", False)])
def test_only_a_proxy_of_ours_says_that_a_request_came_over_tls(settings, peer, secure):
    settings.FERRY_TRUSTED_PROXIES = PROXIES
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers={"X-Forwarded-Proto": "https"})
    ProxyMiddleware(lambda request: HttpResponse())(request)
    assert request.is_secure() is secure
