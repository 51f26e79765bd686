"""What a snapshot consists of: each app registers, in its AppConfig.ready(), the kinds of part that it builds.

Pure: no database. A part is named "kind:key"; its bytes are the canonical JSON of its body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp


@dataclass(frozen=True, slots=True)
class PartBody:
    """One part as its app sees it: a JSON object, and the sha256 of each stored set (`store_set`) that it names."""

    body: dict[str, Any]
    sets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stamp:
    """A statement about a version that changes without it: `value` is JSON, `at` grows with every renewal (ms)."""

    value: dict[str, Any]
    at: int


Build = Callable[["HostApp", str], PartBody | None]
Keys = Callable[["HostApp"], Iterable[str]]
StampOf = Callable[["HostApp", int, Mapping[str, Any]], Stamp | None]
Holder = Callable[[], Iterable[str]]
Remember = Callable[["HostApp", str], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """How the parts of one kind come about."""

    build: Build
    keys: Keys
    beside: str = ""
    after: str = ""
    remember: Remember | None = None


KINDS: dict[str, Kind] = {}
HOLDERS: list[Holder] = []
_stamps: list[StampOf] = []


def register_part(
    kind: str, *, build: Build, keys: Keys, beside: str = "", after: str = "", remember: Remember | None = None
) -> None:
    """Contribute a kind of part.

    `build(host_app, key)` reads the rows and gives the body, or None when the part is to vanish. It must be a function
    of the rows alone (no clock, no random numbers: signatures are deterministic too), for a tick builds everything
    again and takes a difference for damage. `keys(host_app)` names all keys of that kind that exist now.

    `beside` names another kind whose parts are made of the same rows: when one of them changes, the part of this kind
    with the same key is built anew too. `after` names one whose parts are summed up: when any of them changes, all of
    this kind are built anew. `remember(host_app, key)` may write rows of history before that, in the
    publication's transaction, once all of its changes are made; the tick never calls it.
    """
    if kind in KINDS or ":" in kind:
        raise ValueError(f"snapshot part kind {kind!r} is taken or holds a colon")
    KINDS[kind] = Kind(build=build, keys=keys, beside=beside, after=after, remember=remember)


def register_holder(holder: Holder) -> None:
    """Name the stored sets that rows refer to before any snapshot does (a draft's allowlist), so none is swept."""
    HOLDERS.append(holder)


def register_stamp(stamp: StampOf) -> None:
    """Contribute the freshness statement: `stamp(host_app, version, manifest)`, or None while it cannot be given."""
    if _stamps:
        raise ValueError("a snapshot has one stamp")
    _stamps.append(stamp)


def stamp(host_app: HostApp, version: int, manifest: Mapping[str, Any]) -> Stamp | None:
    """The freshness statement about this version, signed now."""
    return _stamps[0](host_app, version, manifest) if _stamps else None


def followers(host_app: HostApp, names: Iterable[str]) -> set[str]:
    """The parts that sum up some of these and are built anew after them."""
    changed = {kind_and_key(name)[0] for name in names}
    summing = [(kind, part) for kind, part in KINDS.items() if part.after in changed]
    return {name_of(kind, key) for kind, part in summing for key in part.keys(host_app)}


def name_of(kind: str, key: str) -> str:
    """The part's name in the manifest. A kind holds no colon, so the first one divides."""
    return f"{kind}:{key}"


def kind_and_key(name: str) -> tuple[str, str]:
    """The reverse of `name_of`."""
    kind, _, key = name.partition(":")
    return kind, key


def changed_with(kind: str, key: str) -> set[str]:
    """The names of the part and of all that are built anew with it."""
    return {name_of(kind, key)} | {name_of(other, key) for other, part in KINDS.items() if part.beside == kind}


def remember(host_app: HostApp, names: Iterable[str]) -> None:
    """Let the kinds of these parts write their history, before any of them is built."""
    for name in names:
        kind, key = kind_and_key(name)
        note = KINDS[kind].remember
        if note is not None:
            note(host_app, key)


def all_names(host_app: HostApp) -> set[str]:
    """Every part that this host app's snapshot ought to have, by the rows as they are now."""
    return {name_of(kind, key) for kind, part in KINDS.items() for key in part.keys(host_app)}
