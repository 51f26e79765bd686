"""What a decision costs: 20 installed programs out of 200 published, three releases each, against a dict interpreter.

    script/bench targeting

CPU time of this process, both engines in turn, the best of several rounds (others' work on the machine only ever
adds); every answer of the two is compared first. The bar is 20 µs for the 20 programs.
"""

from __future__ import annotations

import json
import platform
import random
import time
from collections.abc import Callable
from typing import Any

from bench.baselines import naive_targeting
from ferry.kernel.targeting import Context, compile_offer, decide, explain, flatten

PROGRAMS, INSTALLED, CONTEXTS, ROUNDS = 200, 20, 500, 7
LISTED = "a" * 64
PLATFORMS = ("android", "ios", "harmony", "web")


def main() -> None:
    drawn = random.Random(7)
    programs = [releases(number, drawn) for number in range(PROGRAMS)]
    sets = {LISTED: frozenset(f"device-{number}" for number in range(0, 100_000, 50))}
    started = time.process_time()
    compiled = [
        [compile_offer(one["rule"], one["range"], one["id"], segments={}, sets=sets) for one in program]
        for program in programs
    ]
    steps = [flatten(offers) for offers in compiled]
    compiling = (time.process_time() - started) / PROGRAMS
    asked = [(context(number, drawn), drawn.sample(range(PROGRAMS), INSTALLED)) for number in range(CONTEXTS)]

    def engine(who: Context, installed: list[int]) -> list[str | None]:
        return [decide(steps[number], who) for number in installed]

    def naive(who: Context, installed: list[int]) -> list[str | None]:
        return [naive_targeting.decide(programs[number], who, sets) for number in installed]

    answers = [engine(who, installed) for who, installed in asked]
    assert answers == [naive(who, installed) for who, installed in asked], "the two engines disagree"
    kinds = {kind: sum(f"/{kind}" in str(one) for row in answers for one in row) for kind in ("trial", "gray", "full")}
    assert all(kinds.values()), f"the benchmark has to meet every kind of release: {kinds}"
    for who, installed in asked[:50]:
        told = [next((w.offer.gives for w in explain(compiled[n], who) if w.chosen), None) for n in installed]
        assert told == engine(who, installed), "explain disagrees with decide"

    best = {"engine": float("inf"), "naive": float("inf"), "all": float("inf"), "all_naive": float("inf")}
    everything = [(who, list(range(PROGRAMS))) for who, _ in asked[:50]]
    for _ in range(ROUNDS):
        best["engine"] = min(best["engine"], cost(engine, asked))
        best["naive"] = min(best["naive"], cost(naive, asked))
        best["all"] = min(best["all"], cost(engine, everything))
        best["all_naive"] = min(best["all_naive"], cost(naive, everything))
    tell("targeting.decide_20_of_200", best["engine"], best["naive"])
    tell("targeting.decide_all_200", best["all"], best["all_naive"])
    tell("targeting.compile_one_program", compiling, None)


def releases(number: int, drawn: random.Random) -> list[dict[str, Any]]:
    """A trial for a list, a gray release with conditions, and a full one: the shape of a busy program."""
    where = {name: {"min": f"{drawn.randint(3, 6)}.{drawn.randint(0, 9)}.0", "max": None} for name in PLATFORMS[:3]}
    conditions = [
        [{"contextName": "host_version", "operator": "VERSION_GTE", "value": "6.2.0"}],
        [{"contextName": "city", "operator": "IN", "values": ["Hangzhou", "Shanghai", "Beijing"]}],
        [{"contextName": "os", "operator": "STR_STARTS_WITH", "values": ["13", "14"], "inverted": True}],
        [],
    ][number % 4]
    rollout = {"share": drawn.choice([100, 2000, 5000]), "stickiness": "deviceId", "group": f"salt-{number}"}
    gray = {"any": [{"constraints": conditions, "rollout": rollout}], "starts_at": 1_700_000_000, "ends_at": None}
    trial = {"any": [{"allowlist": {"field": "deviceId", "set": LISTED}}]}
    return [
        {"id": f"{number}/trial", "rule": trial, "range": where},
        {"id": f"{number}/gray", "rule": gray, "range": where},
        {"id": f"{number}/full", "rule": None, "range": {} if number % 5 == 0 else where},
    ]


def context(number: int, drawn: random.Random) -> Context:
    return Context(
        now=1_800_000_000.0,
        device_id=f"device-{number * 25}",
        user_id=f"user-{number}",
        verified_device=True,
        properties={
            "platform": drawn.choice(PLATFORMS),
            "os": drawn.choice(["12", "13.1", "14"]),
            "model": "P60",
            "host_version": f"{drawn.randint(4, 7)}.{drawn.randint(0, 9)}.{drawn.randint(0, 3)}",
            "network": "wifi",
            "locale": "zh-CN",
            "city": drawn.choice(["Hangzhou", "Chengdu", "Beijing"]),
        },
    )


def cost(ask: Callable[[Context, list[int]], Any], asked: list[tuple[Context, list[int]]]) -> float:
    """CPU seconds of one request."""
    started = time.process_time()
    for who, installed in asked:
        ask(who, installed)
    return (time.process_time() - started) / len(asked)


def tell(name: str, seconds: float, baseline: float | None) -> None:
    line = {
        "name": name,
        "value": round(seconds * 1e6, 2),
        "unit": "us CPU",
        "baseline": None if baseline is None else round(baseline * 1e6, 2),
        "ratio": None if baseline is None else round(baseline / seconds, 2),
        "machine": f"{platform.machine()} {platform.system()} Python {platform.python_version()}",
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
