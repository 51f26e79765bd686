"""What has been made of packages: for the snapshot, for adapters, for people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniapps.models import Derived, Form, Part, Version

if TYPE_CHECKING:
    from ferry.kernel.identity.models import Workspace


@dataclass(frozen=True, slots=True)
class DeflatedZip:
    """The compressed zip of a package. `path` is its address below the edge's base URL."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """One file that phones may download instead of a whole package."""

    form: str
    from_code: int | None  # of a delta: the version that it applies to
    base: str  # sha256 of that version's package
    state: str
    reason: str  # why it is not made
    sha256: str
    size: int  # bytes; of one that is not made, what it would have had


def deflated_zip(version: Version) -> DeflatedZip | None:
    """The deflated zip of a version; None while it has not been made, which is from approval on a matter of seconds."""
    rows = Derived.objects.of(version.workspace).filter(
        source=version.sha256, form=Form.DEFLATED, state=Derived.State.MADE
    )
    row = rows.first()
    return None if row is None else DeflatedZip(f"/packages/{version.sha256}.deflated.zip", row.sha256, row.size)


def derived(version: Version) -> list[Transfer]:
    """What there is of a version's package to download, and how far the rest is."""
    rows = Derived.objects.of(version.workspace).filter(source=version.sha256, unwanted_since=None)
    found = list(rows.filter(program=version.program).order_by("pk"))
    bases = Version.objects.of(version.workspace).filter(
        program=version.program, sha256__in={row.base for row in found}
    )
    codes: dict[str, int] = dict(bases.order_by("code").values_list("sha256", "code"))
    ordered = sorted(found, key=lambda row: (Form.values.index(row.form), -codes.get(row.base, 0)))
    return [
        Transfer(str(row.form), codes.get(row.base), row.base, str(row.state), row.reason, row.sha256, row.size)
        for row in ordered
    ]


def made(workspace: Workspace, sources: Iterable[str]) -> dict[str, dict[str, Any]]:
    """For the snapshot: package → {"forms": {form: {sha256, size}}, "deltas": [{from, code, sha256, size}]}.

    `code` is that of a version of the same program with the package `from`: what a device reports as installed.
    """
    rows = Derived.objects.of(workspace).filter(source__in=sorted(set(sources)), state=Derived.State.MADE)
    found: dict[str, dict[str, Any]] = defaultdict(lambda: {"forms": {}, "deltas": []})
    deltas: list[Derived] = []
    for row in rows.order_by("pk"):
        if row.form == Form.DELTA:
            deltas.append(row)
        else:
            found[row.source]["forms"][row.form] = {"sha256": row.sha256, "size": row.size}
    codes: dict[tuple[str, str], list[int]] = defaultdict(list)
    versions = Version.objects.of(workspace).filter(sha256__in={row.base for row in deltas}).order_by("code")
    for program, sha, code in versions.values_list("program_id", "sha256", "code"):
        codes[program, sha].append(code)
    for row in deltas:
        for code in codes[row.program_id, row.base]:
            delta = {"code": code, "from": row.base, "sha256": row.sha256, "size": row.size}
            found[row.source]["deltas"].append(delta)
    return dict(found)


def made_parts(workspace: Workspace, versions: Iterable[Version]) -> dict[str, dict[str, Any]]:
    """For the snapshot: version id → {"part_forms": {part: {form: sha256}}, "part_deltas": [{name, code, from, …}]}.

    `code` is that of a version of the same program whose part of the same name is `from`. A version without
    sub-packages is left out.
    """
    parts = Part.objects.of(workspace).filter(version__in=list(versions)).select_related("version")
    wanted = list(parts.defer("version__files", "version__report"))
    rows = Derived.objects.of(workspace).filter(
        source__in=sorted({part.sha256 for part in wanted}), state=Derived.State.MADE
    )
    made: dict[str, list[Derived]] = defaultdict(list)
    for row in rows.order_by("pk"):
        made[row.source].append(row)
    bases = {row.base for each in made.values() for row in each if row.base}
    older = Part.objects.of(workspace).filter(sha256__in=sorted(bases))
    had: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for program, name, sha, code in older.order_by("version__code").values_list(
        "version__program_id", "name", "sha256", "version__code"
    ):
        had[program, name, sha].append(code)
    found: dict[str, dict[str, Any]] = defaultdict(lambda: {"part_forms": {}, "part_deltas": []})
    for part in wanted:
        made_of = found[part.version_id]
        for row in made[part.sha256]:
            if row.form != Form.DELTA:
                made_of["part_forms"].setdefault(part.sha256, {})[row.form] = row.sha256
                continue
            for code in had[part.version.program_id, part.name, row.base]:
                delta = {"name": part.name, "code": code, "from": row.base, "to": part.sha256}
                made_of["part_deltas"].append(delta | {"sha256": row.sha256, "size": row.size})
    return dict(found)
