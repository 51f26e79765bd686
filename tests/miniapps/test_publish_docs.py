"""docs/publish.md and docs/gray-release.md stay true."""

from __future__ import annotations

import re
from pathlib import Path

from miniapps.packages.findings import Code
from miniapps.packages.guard import Limits
from miniapps.packages.manifest import MEMBERS
from miniapps.releases import APPLY, MOVES, NETWORKS, Act, State
from miniapps.wording import SENTENCES


def test_every_finding_has_a_sentence_and_is_listed(root: Path):
    page = (root / "docs" / "publish.md").read_text()
    assert set(SENTENCES) == set(Code)
    assert [code for code in Code if f"`{code}`" not in page] == []


def test_every_member_of_a_manifest_is_explained(root: Path):
    page = (root / "docs" / "publish.md").read_text()
    assert [member for member in MEMBERS if f"`{member}`" not in page] == []


def test_the_limits_on_the_page_are_the_limits(root: Path):
    page = (root / "docs" / "publish.md").read_text()
    limits = Limits()
    told = (f"{limits.entries:,} files", f"{limits.total >> 20} MB unpacked", f"{limits.file >> 20} MB a file")
    assert [text for text in (*told, f"{limits.ratio} times") if text not in page] == []


def test_the_table_of_moves_is_the_table(root: Path):
    page = (root / "docs" / "gray-release.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \| ([\w ]+) \|", page, re.M)
    drawn = {
        (State(origin), Act(act)): State(origin if target == "the same" else target)
        for act, origins, target in rows
        for origin in origins.split(", ")
    }
    assert drawn == dict(MOVES)
    assert all(f"`{word}`" in page for word in (*APPLY, *NETWORKS))
