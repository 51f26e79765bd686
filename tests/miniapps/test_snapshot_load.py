"""The edge's prepared programs decide exactly as miniapps.offers does."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ferry.kernel.targeting import Context, decide
from miniapps.edge import Found
from miniapps.edge_types import CheckIn, Device, Installed
from miniapps.offers import compile_program
from miniapps.snapshot_load import load_program
from tests.edge.published import program_body, release_body

LISTED = "a" * 64
SETS = {LISTED: frozenset({"d1", "d2"})}


class Sources:
    """What the snapshot thread offers to a loader."""

    edge_url = "https://edge.test"

    def __init__(self) -> None:
        self.blobs: set[str] = set()

    def set(self, sha256: str) -> frozenset[str] | None:
        return SETS.get(sha256)

    def part(self, kind: str, key: str = "") -> Any:
        return None

    def serves(self, sha256: str) -> None:
        self.blobs.add(sha256)

    def serves_as(self, name: str, sha256: str) -> None:
        self.blobs.add(sha256)


rules = st.sampled_from(
    [
        None,
        {"any": []},
        {"any": [{"allowlist": {"field": "deviceId", "set": LISTED}}]},
        {"any": [{"rollout": {"share": 5000, "stickiness": "deviceId", "group": "g"}}]},
        {"any": [{"constraints": [{"contextName": "os", "operator": "NUM_GT", "value": "12"}]}], "starts_at": 100.0},
        {"any": [{"segments": ["missing"]}]},
    ]
)
ranges = st.sampled_from([{}, {"android": {"min": "6.0.0", "max": None}}, {"ios": {"min": None, "max": "7.0"}}])
releases = st.lists(st.tuples(rules, ranges, st.booleans()), max_size=4)


@given(
    releases, st.sampled_from(["d1", "d3", "d9"]), st.sampled_from(["5.0", "6.3", "x"]), st.none() | st.integers(1, 4)
)
def test_they_decide_alike(made: list[Any], device: str, host: str, installed: int | None) -> None:
    entries = [
        release_body(number, rule=rule, range=host_range, installed_only=paused)
        for number, (rule, host_range, paused) in enumerate(made, 1)
    ]
    body = program_body("news", *entries)
    context = Context(
        now=150.0,
        device_id=device,
        verified_device=True,
        properties={"platform": "android", "host_version": host, "os": "14"},
    )
    expected = compile_program(body, segments={}, sets=SETS).decide(context, installed)
    program = load_program("news", body, Sources())
    arm = decide(program.steps, context, installed)
    has = [] if installed is None else [Installed("news", installed)]
    found = Found({"news": program}, context, CheckIn(Device("d", "android"), installed=has, want=["news"]))
    assert found.arms == ([arm.observed] if arm else [])
    assert found.updates == ([arm.update] if arm and arm.code != installed else [])
    assert found.unavailable == ([] if arm else ["news"])
    decided = json.loads(arm.observed)[1:] if arm else None
    assert decided == ([expected.release_id, expected.code] if expected else None)
    assert (arm.code if arm else None) == (expected.code if expected else None)


def test_a_program_says_what_it_serves() -> None:
    sources = Sources()
    rule = {"any": [{}], "starts_at": 100.0, "ends_at": 200.0}
    body = program_body("news", release_body(1, rule=rule, sha="b" * 64), icons={"48": "c" * 64})
    load_program("news", body, sources)
    assert sources.blobs == {"b" * 64, "c" * 64}
