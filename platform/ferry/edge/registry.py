"""Where apps join the edge: each `apps.py` registers its routes and its snapshot loaders in `ready()`.

A loader turns the JSON body of one published part into what requests use: it runs in the snapshot thread, once for
each part that changed, so whatever can be prepared belongs here and not into the request.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp

RouteFunction = Callable[["EdgeApp"], None]


class Sources(Protocol):
    """What a loader may ask for while it prepares one part, and what it may say about it."""

    @property
    def edge_url(self) -> str:
        """Public base URL of the edge, without a trailing slash."""

    def set(self, sha256: str) -> Collection[str] | None:
        """The members of a stored set; None when the part did not name it."""

    def part(self, kind: str, key: str = "") -> Any:
        """Another loaded part of the same host app, or None. The asking part is loaded anew when that one changes."""

    def serves(self, sha256: str) -> None:
        """This part names a stored blob: the edge may give it to whoever knows its hash."""

    def serves_as(self, name: str, sha256: str) -> None:
        """The same under a name that requests are looked up by: a package in another form, a delta, an icon."""


Loader = Callable[[str, dict[str, Any], Sources], Any]


class StoredSets(Mapping[str, Collection[str]]):
    """Stored sets by hash, as far as the part that is being loaded names them: what targeting compiles rules with."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def __getitem__(self, sha256: str) -> Collection[str]:
        found = self._sources.set(sha256)
        if found is None:
            raise KeyError(sha256)
        return found

    def __iter__(self) -> Iterator[str]:
        raise TypeError("sets are looked up, never listed")

    def __len__(self) -> int:
        raise TypeError("sets are looked up, never counted")


_routes: list[str] = []
_loaders: dict[str, str] = {}


def register_routes(add: str) -> None:
    """Have the function at this dotted path called as `add(edge)` once, when an edge process builds its app.

    A path and not the function, so that a worker or the site, which register too, never import the edge's libraries.
    """
    if add not in _routes:
        _routes.append(add)


def register_loader(kind: str, load: str) -> None:
    """Say how parts of `kind` are prepared: the function at this path is called as `load(key, body, sources)`."""
    _loaders[kind] = load


def routes() -> tuple[RouteFunction, ...]:
    """All registered route functions, in order of registration."""
    return tuple(import_string(path) for path in _routes)


def loader(kind: str) -> Loader | None:
    """The loader of a kind; None means that nobody here reads such parts and they are not even fetched."""
    path = _loaders.get(kind)
    return None if path is None else _load(path)


@cache
def _load(path: str) -> Loader:
    found: Loader = import_string(path)
    return found
