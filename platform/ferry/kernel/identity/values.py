"""What a name, a slug, an origin or a network may be. Pure checks that services and serializers share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_network
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from ferry.kernel.errors import Invalid
from ferry.kernel.identity.models import PLATFORMS
from ferry.kernel.identity.rights import Role

MOST_ORIGINS = 50
MOST_NETWORKS = 50
_LINK_BASE = re.compile(r"[a-z][a-z0-9+.-]{1,30}://[A-Za-z0-9._~:/-]*")
_SCHEMES_OF_OTHERS = frozenset(
    {"about", "blob", "chrome", "content", "data", "file", "filesystem", "ftp", "intent", "jar", "javascript"}
    | {"mailto", "resource", "sms", "tel", "vbscript", "view-source", "ws", "wss"}
)
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def name(text: str) -> str:
    """A name for people: something to see, on one line, at most 120 characters."""
    text = " ".join(text.split())
    if not 0 < len(text) <= 120 or not text.isprintable():
        raise Invalid(reason=_("a name has 1 to 120 printable characters"))
    return text


def slug(text: str) -> str:
    """A short name for addresses."""
    if not _SLUG.fullmatch(text):
        raise Invalid(reason=_("a short name has 1 to 63 of a-z, 0-9 and “-”, and neither starts nor ends with “-”"))
    return text


def slug_from(text: str) -> str:
    """A slug made of a name: what is left of it in ASCII, or "workspace" where nothing is left."""
    made = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-")
    return made or "workspace"


def roles(given: Iterable[str]) -> list[str]:
    """Known roles, each once, in the order of the table; at least one."""
    wanted = set(given)
    known = [str(role.value) for role in Role if role.value in wanted]
    if not known or len(known) != len(wanted):
        raise Invalid(reason=_("roles are one or more of {roles}").format(roles=", ".join(Role)))
    return known


def platforms(given: Iterable[str]) -> list[str]:
    """Known platforms, each once; at least one."""
    wanted = set(given)
    known = [platform for platform in PLATFORMS if platform in wanted]
    if not known or len(known) != len(wanted):
        raise Invalid(reason=_("platforms are one or more of {platforms}").format(platforms=", ".join(PLATFORMS)))
    return known


def origins(given: Iterable[str]) -> list[str]:
    """Origins as browsers send them (RFC 6454): scheme, host and port, nothing else, no wildcard."""
    found = list(dict.fromkeys(_origin(text) for text in given))
    if len(found) > MOST_ORIGINS:
        raise Invalid(reason=_("at most {limit} origins").format(limit=MOST_ORIGINS))
    return found


def link_base(text: str) -> str:
    """What deep links into an app begin with: a scheme of its own (harbour://open) or an address that opens it.

    Never a scheme that runs or shows something by itself, so that a link made of it can only lead into the app.
    """
    refused = Invalid(
        reason=_("“{text}” is no link base such as harbour://open or https://go.shop.example/app").format(
            text=text[:100]
        )
    )
    if not text:
        return ""
    if len(text) > 200 or not _LINK_BASE.fullmatch(text):
        raise refused
    scheme, _sign, rest = text.partition("://")
    if scheme in {"http", "https"}:
        origin = _origin(f"{scheme}://{rest.partition('/')[0]}")
        host = urlsplit(origin).hostname or ""
        if scheme == "http" and host not in {"localhost", "127.0.0.1"} and not host.endswith(".localhost"):
            raise refused
    elif scheme in _SCHEMES_OF_OTHERS:
        raise refused
    return text


def networks(given: Iterable[str]) -> list[str]:
    """Addresses or networks, in CIDR form."""
    found = []
    for text in given:
        try:
            found.append(str(ip_network(text)))
        except ValueError:
            raise Invalid(reason=_("“{text}” is no address or network").format(text=text[:60])) from None
    if len(found) > MOST_NETWORKS:
        raise Invalid(reason=_("at most {limit} networks").format(limit=MOST_NETWORKS))
    return list(dict.fromkeys(found))


def whole(value: int, low: int, high: int, what: str) -> int:
    """A whole number inside its bounds."""
    if not low <= value <= high:
        raise Invalid(reason=_("{what} is a number from {low} to {high}").format(what=what, low=low, high=high))
    return value


def _origin(text: str) -> str:
    refused = Invalid(reason=_("“{text}” is no origin such as https://shop.example").format(text=text[:100]))
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise refused from None
    host = parts.hostname
    if parts.scheme not in {"http", "https"} or not host or not text.isascii() or len(text) > 200:
        raise refused
    host = f"[{host}]" if ":" in host else host
    default = port is None or port == {"http": 80, "https": 443}[parts.scheme]
    origin = f"{parts.scheme}://{host}" if default else f"{parts.scheme}://{host}:{port}"
    if text.lower().rstrip("/") not in {origin, f"{parts.scheme}://{host}:{port}"} or re.search(
        r"[^a-z0-9.:\[\]/_-]", origin
    ):
        raise refused
    return origin
