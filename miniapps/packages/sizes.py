"""How large a package is, part by part, and how large it may be. Bytes are of the files, unpacked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from miniapps.packages.findings import Code, Finding

FULL, MAIN = "__FULL__", "__APP__"  # the names that miniprogram-ci gives the whole and the main package


@dataclass(frozen=True, slots=True)
class Budgets:
    """What a mini-program of a workspace may weigh."""

    total: int = 128 << 20
    main: int = 64 << 20
    subpackage: int = 64 << 20  # each of them


def size_table(subpackages: Iterable[Mapping[str, Any]], full: int) -> list[dict[str, Any]]:
    """[{"name", "size"}]: everything, the main package, then each sub-package as a version keeps it."""
    parts = [{"name": each["name"], "size": each["size"]} for each in subpackages]
    return [
        {"name": FULL, "size": full},
        {"name": MAIN, "size": full - sum(int(each["size"]) for each in parts)},
        *parts,
    ]


def over_budget(table: Iterable[Mapping[str, Any]], budgets: Budgets) -> list[Finding]:
    """Each part that is larger than it may be."""
    allowed = {FULL: budgets.total, MAIN: budgets.main}
    return [
        Finding(Code.OVER_BUDGET, "", {"name": each["name"], "size": each["size"], "limit": limit})
        for each in table
        if each["size"] > (limit := allowed.get(each["name"], budgets.subpackage))
    ]
