"""Which domains may be granted, and how they are kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniapps.permissions.domains import BadDomain, Fault, clean

GOOD = {
    "api.example.com": "api.example.com",
    "https://api.example.com": "api.example.com",
    "HTTPS://API.Example.COM/": "api.example.com",
    "example.com.": "example.com",
    "*.example.com": "*.example.com",
    "https://*.shop.example.co.uk": "*.shop.example.co.uk",
    "bücher.example.com": "xn--bcher-kva.example.com",
    "渡口.中国": "xn--6orp42d.xn--fiqs8s",
    "ｅｘａｍｐｌｅ．com": "example.com",  # full-width letters, as a browser reads them
    "xn--bcher-kva.example.com": "xn--bcher-kva.example.com",
}
BAD = {
    "http://api.example.com": Fault.SCHEME,
    "wss://api.example.com": Fault.SCHEME,
    "https://api.example.com/v1": Fault.PATH,
    "api.example.com?x": Fault.PATH,
    "api.example.com:8443": Fault.PORT,
    "api.example.com:443": Fault.PORT,
    "10.0.0.1": Fault.ADDRESS,
    "8.8.8.8": Fault.ADDRESS,
    "[::1]": Fault.ADDRESS,
    "[2001:db8::1]:443": Fault.ADDRESS,
    "https://127.1": Fault.ADDRESS,
    "0x7f000001": Fault.ADDRESS,
    "2130706433": Fault.ADDRESS,
    "10.0.0.1.": Fault.ADDRESS,
    "localhost": Fault.PRIVATE,
    "intranet": Fault.PRIVATE,
    "printer.local": Fault.PRIVATE,
    "db.internal": Fault.PRIVATE,
    "api.corp": Fault.PRIVATE,
    "router.home.arpa": Fault.PRIVATE,
    "expyuzz4wqqyqhjn.onion": Fault.PRIVATE,
    "pkg.localhost": Fault.PRIVATE,
    "com.cn": Fault.SUFFIX,
    "*.com": Fault.PRIVATE,
    "*.com.cn": Fault.SUFFIX,
    "*.github.io": Fault.SUFFIX,
    "*": Fault.STAR,
    "**.example.com": Fault.STAR,
    "a.*.example.com": Fault.STAR,
    "api*.example.com": Fault.STAR,
    "user@example.com": Fault.NAME,
    "-x.example.com": Fault.NAME,
    "a..example.com": Fault.NAME,
    "ex ample.com": Fault.NAME,
    "exa_mple.com": Fault.NAME,
    "example.com;script-src": Fault.NAME,
    "": Fault.NAME,
}


@pytest.mark.parametrize("text", GOOD)
def test_a_public_name_has_one_form(text):
    assert clean(text) == GOOD[text]
    assert clean(clean(text)) == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_public_name_over_https_is_refused_with_its_reason(text):
    with pytest.raises(BadDomain) as refused:
        clean(text)
    assert refused.value.fault is BAD[text]


@given(st.text(max_size=80) | st.from_regex(r"(https://)?(\*\.)?[a-z0-9.-]{1,40}\.(com|cn|io)", fullmatch=True))
def test_whatever_is_kept_is_safe_inside_a_content_security_policy(text):
    """A clean domain has nothing that could end a source or a directive, and stays itself."""
    try:
        kept = clean(text)
    except BadDomain:
        return
    assert clean(kept) == kept
    assert set(kept.removeprefix("*.")) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
