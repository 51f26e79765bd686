"""What a kind may see of a package: the names of its files, and the JSON objects among them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from ferry.kernel import strict_json
from miniapps.packages.findings import Code, Finding, Refused, Report

MAX_IGNORED = 1_000  # findings: a report is for people
MAX_JSON_BYTES = 1 << 20  # of a manifest or a configuration; Dimina's has an entry for each page


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a package by their path in it. `report` takes what a kind finds while it reads."""

    paths: Collection[str]
    content: Callable[[str, int], bytes]  # path, limit in bytes; raises Refused above the limit
    report: Report

    def __contains__(self, path: str) -> bool:
        return path in self.paths

    def object(self, path: str) -> dict[str, Any]:
        """The JSON object in a file. Raises Refused when it is none, or one that not everybody reads alike."""
        try:
            value = strict_json.loads(self.content(path, MAX_JSON_BYTES).decode("utf-8-sig"))
        except ValueError as wrong:
            raise Refused(Code.MANIFEST_NOT_JSON, path, reason=str(wrong)[:200]) from None
        if not isinstance(value, dict):
            raise Refused(Code.MANIFEST_NOT_JSON, path, reason="it is another value")
        return value

    def wrong(self, path: str, member: str) -> None:
        """Note that a member of a file has a wrong form."""
        self.report.errors.append(Finding(Code.MEMBER_INVALID, path, {"member": member}))

    def ignored(self, path: str, member: str) -> None:
        """Note that a member of a file is not used."""
        if len(self.report.ignored) < MAX_IGNORED:
            self.report.ignored.append(Finding(Code.MEMBER_IGNORED, path, {"member": member[:64]}))
