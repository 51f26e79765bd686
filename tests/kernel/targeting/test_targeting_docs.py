"""docs/targeting.md shows rules that work and a command that answers as it says."""

from __future__ import annotations

import json
import re
from io import StringIO

from django.core.management import call_command

from ferry.kernel.targeting import Context, compile_rule, validate_rule
from ferry.kernel.targeting.constraints import OPERATORS


def blocks(root, language):
    return re.findall(rf"```{language}\n(.*?)```", (root / "docs" / "targeting.md").read_text(encoding="utf-8"), re.S)


def test_the_rule_of_the_page_is_valid_and_does_what_it_says(root):
    rule = next(found for found in map(json.loads, blocks(root, "json")) if "any" in found)
    assert validate_rule(rule) == ()
    listed = rule["any"][1]["allowlist"]["set"]
    compiled = compile_rule(rule, segments={}, sets={listed: frozenset({"anna"})})
    chinese = {"locale": "zh-CN", "host_version": "6.3.1"}
    reached = sum(
        compiled.matches(Context(now=1_790_000_000, device_id=f"d{number}", properties=chinese))
        for number in range(10_000)
    )
    assert 1900 < reached < 2100
    assert compiled.matches(Context(now=1_790_000_000, user_id="anna", verified_user=True))
    assert not compiled.matches(Context(now=1_798_761_600, user_id="anna", verified_user=True)), "2027"


def test_the_command_of_the_page_answers_as_the_page_says(root, monkeypatch):
    monkeypatch.chdir(root)
    [command] = [line for block in blocks(root, "sh") for line in block.splitlines() if "check_targeting" in line]
    out = StringIO()
    call_command(*command.split("manage.py ")[1].split(), stdout=out)
    assert json.loads(out.getvalue()) == json.loads(blocks(root, "json")[0])


def test_the_page_names_every_operator_for_authors(root):
    page = (root / "docs" / "targeting.md").read_text(encoding="utf-8")
    kinds = {"_".join(name.split("_")[:1]) for name in OPERATORS - {"IN_SET"}}
    assert all(kind in page for kind in kinds)
    assert {name for name in OPERATORS if name.startswith(("NUM", "STR", "DATE", "IN", "NOT"))} - {"IN_SET"} <= set(
        re.findall(r"[A-Z_]{2,}", page)
    )
