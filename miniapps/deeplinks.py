"""Deep links into a host app: how one is written. Pure; the living reader is examples/hosts/web/host/links.js.

A link begins with the base that the host app has configured and can lead nowhere else: everything after the base is a
query of percent-encoded UTF-8, whatever is put in.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

LONGEST_PATH = 512
LONGEST_QUERY = 1024


def deep_link(base: str, *, program: str, path: str = "", query: str = "", trial: str = "", link: str = "") -> str:
    """`harbour://open?program=…`. `link` is the short link that it came by; empty members are left out."""
    given = {"program": program, "path": path, "query": query, "trial": trial, "link": link}
    return f"{base}?{urlencode({name: value for name, value in given.items() if value}, quote_via=quote)}"


def page_problem(path: str, query: str) -> str:
    """What is wrong with the page of a link: "" when nothing is, else "path" or "query".

    A path lies inside the package, so it has neither scheme nor host nor a way up. Lone surrogates and control
    characters are refused: they have no UTF-8, or no business in an address.
    """
    if len(path) > LONGEST_PATH or not _plain(path) or "\\" in path or "?" in path or "#" in path:
        return "path"
    if path and any(part in ("", ".", "..") for part in path.split("/")):
        return "path"
    if ":" in path.partition("/")[0]:
        return "path"
    return "query" if len(query) > LONGEST_QUERY or not _plain(query) else ""


def _plain(text: str) -> bool:
    return text.isprintable()
