"""The docs stay true: links resolve, README in both languages, every capability has its page."""

from __future__ import annotations

import re

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def test_links_in_markdown_resolve(root):
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    broken = [
        f"{page.relative_to(root)} → {target}"
        for page in pages
        for target in LINK.findall(page.read_text())
        if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists()
    ]
    assert broken == []


def test_both_readmes_give_the_same_commands(root):
    fences = re.compile(r"```sh\n(.*?)```", re.S)
    english, chinese = ((root / name).read_text() for name in ("README.md", "README.zh-Hans.md"))

    def commands(text: str) -> list[str]:
        lines = [line.split("#")[0].strip() for block in fences.findall(text) for line in block.splitlines()]
        return [line for line in lines if line]

    assert commands(english) == commands(chinese)
    assert commands(english)


def test_scripts_named_in_the_docs_exist(root):
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    named = {name for page in pages for name in re.findall(r"\bscript/([a-z]+)\b", page.read_text())}
    assert named
    assert [name for name in sorted(named) if not (root / "script" / name).exists()] == []
