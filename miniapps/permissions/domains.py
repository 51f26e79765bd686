"""Which domains a mini-program may be granted, and in which form they are kept. Pure.

A domain is a public host name over https on its ordinary port: no address of a network inside, nothing that could be
anybody's. One star may stand for the left-most label. docs/decisions/0661 has the reasons.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address

import idna
from publicsuffixlist import PublicSuffixList

MOST_DOMAINS = 30  # of one kind in the terms of one version, as mPaaS has it
_LONGEST = 253
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_STAR = "*."
_NEVER_PUBLIC = ("onion", "arpa")  # they have entries in the public suffix list, and no https of the open web


class Fault(StrEnum):
    """Why a domain cannot be granted."""

    SCHEME = "scheme"
    PATH = "path"
    PORT = "port"
    ADDRESS = "address"
    NAME = "name"
    PRIVATE = "private"
    SUFFIX = "suffix"
    STAR = "star"


class BadDomain(ValueError):
    """A domain that cannot be granted."""

    def __init__(self, fault: Fault, text: str) -> None:
        super().__init__(f"{text}: {fault}")
        self.fault = fault
        self.text = text


def clean(text: str) -> str:
    """The one form of a domain: "api.example.com" or "*.example.com", lower case, IDN in its ASCII form.

    Takes it with or without "https://" and a last slash. Raises BadDomain.
    """

    def wrong(fault: Fault) -> BadDomain:
        return BadDomain(fault, text)

    host = text.strip()
    scheme = _SCHEME.match(host)
    if scheme:
        if scheme[1].lower() != "https":
            raise wrong(Fault.SCHEME)
        host = host[scheme.end() :].removesuffix("/")
    if any(sign in host for sign in "/?#\\"):
        raise wrong(Fault.PATH)
    if _is_address(host):
        raise wrong(Fault.ADDRESS)
    if "@" in host:
        raise wrong(Fault.NAME)
    if ":" in host:
        raise wrong(Fault.PORT)
    star = host.startswith(_STAR)
    name = host.removeprefix(_STAR)
    if "*" in name:
        raise wrong(Fault.STAR)
    name = _ascii(name)
    if not name or len(name) > _LONGEST:
        raise wrong(Fault.NAME)
    if "." not in name or name.rpartition(".")[2] in _NEVER_PUBLIC or _suffixes().publicsuffix(name) is None:
        raise wrong(Fault.PRIVATE)
    if _suffixes().privatesuffix(name) is None:  # com.cn, github.io: whoever comes can have a name below
        raise wrong(Fault.SUFFIX)
    return _STAR + name if star else name


def _ascii(name: str) -> str:
    """The name as DNS has it, by UTS 46 as browsers do; empty when it is none."""
    try:
        return idna.encode(name.removesuffix("."), uts46=True, transitional=False, std3_rules=True).decode().lower()
    except (idna.IDNAError, UnicodeError):
        return ""


def _is_address(host: str) -> bool:
    """Also in the forms that browsers take for an IPv4 address: 127.1, 0x7f000001, 2130706433."""
    bare = host.strip("[]").partition("%")[0]
    if host.startswith("[") or bare.count(":") > 1:
        return True
    name = bare.partition(":")[0].rstrip(".")
    try:
        ip_address(name)
    except ValueError:
        last = name.rpartition(".")[2].lower()
        return bool(re.fullmatch(r"[0-9]+|0x[0-9a-f]*", last))  # the WHATWG rule: "ends in a number"
    return True


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    """The list that the library brings; a name whose end is not on it is not a public one."""
    return PublicSuffixList(accept_unknown=False)
