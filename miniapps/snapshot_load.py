"""Published mini-programs as the edge holds them: decided by miniapps.offers, answered by bytes made ready here.

Runs in the edge's snapshot thread, once for each program that changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from ferry.edge.registry import Sources, StoredSets
from ferry.kernel import targeting
from ferry.kernel.targeting import Steps
from miniapps.offers import compile_releases

encode = msgspec.json.Encoder().encode


class Terms(msgspec.Struct, frozen=True, gc=False):
    """The terms of one version, ready to send."""

    serial: int
    entry: bytes  # in "terms"


class Arm(msgspec.Struct, frozen=True, gc=False):
    """What one release gives a device, ready to send."""

    code: int
    update: bytes  # the entry in "updates"
    terms: Terms | None  # of the version, for devices that have it already
    deltas: Mapping[int, bytes]  # installed version code → the entry with the delta from it
    observed: bytes  # [program, release, version code], the arm of an observation


class Program(msgspec.Struct, frozen=True, gc=False):
    """One mini-program of a host app, ready for check-in and directory.

    It keeps steps and bytes and lets the published JSON and the explanations go: a check-in asks sixty steps of
    twenty programs, and how much memory they are spread over is what it costs (docs/decisions/0502).
    """

    program_id: str
    steps: Steps[Arm]  # for targeting.decide; none while it is withdrawn
    withdrawn: bytes | None  # the entry in "withdrawn", or None
    listing: bytes  # the entry in the directory
    order: tuple[int, int, str]  # its place there
    terms: Mapping[int, Terms]  # by version code
    newest_terms: int  # the highest serial of them: whoever has heard of it need not be looked up
    invitations: Mapping[str, float]  # sha256 of the token → epoch second of its end; of trials, which the rules ask


def load_program(key: str, body: dict[str, Any], sources: Sources) -> Program:
    """The loader of parts of kind "program". Declares the blobs that it lets the edge serve."""
    program_id, withdrawn = body["id"], body["withdrawn"]
    offers = compile_releases(
        body,
        lambda entry: _arm(program_id, entry, sources),
        segments=StoredSegments(sources),
        sets=StoredSets(sources),
    )
    icons = {name: _icon(name, sha, sources) for name, sha in sorted(body["icons"].items())}
    listing = {name: body[name] for name in ("id", "name", "description", "category", "order")} | {"icons": icons}
    terms = {offer.gives.code: offer.gives.terms for offer in offers if offer.gives.terms is not None}
    return Program(
        program_id,
        targeting.flatten(offers) if withdrawn is None else (),
        None if withdrawn is None else encode({"id": program_id, "message": withdrawn["message"]}),
        encode(listing),
        (_shelf(body["category"], sources), body["order"], program_id),
        terms,
        max((each.serial for each in terms.values()), default=0),
        _invitations(body["releases"]),
    )


def _shelf(category: str, sources: Sources) -> int:
    """The place of its category, as the workspace orders them; without one, behind those that have one."""
    shelves = sources.part("categories")
    return 0 if shelves is None else shelves.places.get(category, len(shelves.places))


def _invitations(releases: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Every invitation that a trial of these releases names, with its end. What cannot be read invites nobody."""
    rules = [release["rule"] for release in releases if release["kind"] == "trial"]
    ways = [way for rule in rules if isinstance(rule, dict) for way in rule.get("any", ()) if isinstance(way, dict)]
    return {way["invitation"]["sha256"]: way["invitation"]["ends_at"] for way in ways if "invitation" in way}


def _arm(program_id: str, entry: dict[str, Any], sources: Sources) -> Arm:
    version = entry["version"]
    sha = version["sha256"]
    sources.serves(sha)
    for form, made in entry.get("forms", {}).items():
        sources.serves_as(f"{sha}.{form}", made["sha256"])
    _serve_borrowed(entry, sources)
    update = update_entry(program_id, entry, sources.edge_url)
    more = _deltas(entry, sources)
    deltas = {code: encode(update | members) for code, members in more.items()}
    observed = encode((program_id, entry["id"], version["code"]))
    return Arm(version["code"], encode(update), _terms(program_id, entry), deltas, observed)


def _serve_borrowed(entry: Mapping[str, Any], sources: Sources) -> None:
    """What the terms name is served as the package is: parts with their compressed copies, and plugins."""
    terms = entry.get("terms", {})
    for each in (*terms.get("parts", ()), *terms.get("plugins", ())):
        if "sha256" in each:  # a plugin that is missing has none
            sources.serves(each["sha256"])
    for part, forms in entry.get("part_forms", {}).items():
        for form, made in forms.items():
            sources.serves_as(f"{part}.{form}", made)


def _deltas(entry: Mapping[str, Any], sources: Sources) -> dict[int, dict[str, Any]]:
    """Installed version code → what its update entry has more: "delta" of the package, "part_deltas" of its parts."""
    found: dict[int, dict[str, Any]] = {}
    package = entry["version"]["sha256"]
    for made in entry.get("deltas", ()):
        found.setdefault(made["code"], {})["delta"] = _delta(made, package, sources)
    for made in entry.get("part_deltas", ()):
        delta = {"name": made["name"], **_delta(made, made["to"], sources)}
        found.setdefault(made["code"], {}).setdefault("part_deltas", []).append(delta)
    return found


def _delta(made: Mapping[str, Any], to: str, sources: Sources) -> dict[str, Any]:
    name = f"{made['from']}-{to}"
    sources.serves_as(name, made["sha256"])
    return {"from": made["from"], "url": f"{sources.edge_url}/deltas/{name}", "size": made["size"]}


def _terms(program_id: str, entry: dict[str, Any]) -> Terms | None:
    """The entry in "terms" of a device that has the version; it names what the signature is over."""
    if "terms" not in entry:
        return None
    sent = {name: entry[name] for name in ("terms", "terms_signature")}
    return Terms(entry["terms"]["serial"], encode({"id": program_id, "code": entry["version"]["code"], **sent}))


def update_entry(program_id: str, entry: dict[str, Any], edge_url: str) -> dict[str, Any]:
    """What a check-in answers in "updates" for one release of a published part; preset bundles carry the same."""
    version = entry["version"]
    package = {
        # The program in the address is what lets a browser keep a dictionary for it (ferry.edge.packages).
        "url": f"{edge_url}/packages/{version['sha256']}?of={quote(program_id, safe='')}",
        "size": version["size"],
        "sha256": version["sha256"],
        "files_root": version["files_root"],
    }
    return {
        "id": program_id,
        "code": version["code"],
        "name": version["name"],
        "kind": version["kind"],
        "entry": version["entry"],
        "action": "install",
        "apply": entry["apply"],
        "network": entry["network"],
        "notes": version["notes"],
        "package": package,
        "signature": entry["signature"],
        **{name: entry[name] for name in ("terms", "terms_signature") if name in entry},
    }


def _icon(name: str, sha256: str, sources: Sources) -> str:
    served = f"{sha256}.webp" if name.endswith(".webp") else f"{sha256}.png"
    sources.serves_as(served, sha256)
    return f"{sources.edge_url}/icons/{served}"


class StoredSegments(Mapping[str, Sequence[Any]]):
    """Segments by id, fetched when a rule names one, so that only its programs are loaded anew when it changes."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def __getitem__(self, segment_id: str) -> Sequence[Any]:
        found: Sequence[Any] | None = self._sources.part("segment", segment_id)
        if found is None:
            raise KeyError(segment_id)
        return found

    def __iter__(self) -> Iterator[str]:
        raise TypeError("segments are looked up, never listed")

    def __len__(self) -> int:
        raise TypeError("segments are looked up, never counted")
