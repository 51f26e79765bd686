"""Rules and contexts for hypothesis: mostly sound, sometimes anything at all."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from ferry.kernel.targeting import Context

SETS = {"a" * 64: frozenset({"d1", "d2", "u1"}), "b" * 64: frozenset()}
SEGMENTS: dict[str, list[Any]] = {
    "china": [{"contextName": "locale", "operator": "STR_STARTS_WITH", "values": ["zh"]}],
    "listed": [{"contextName": "userId", "operator": "IN_SET", "set": "a" * 64}],
    "broken": [{"contextName": 5}],
    "empty": [],
}

words = st.sampled_from(
    ["", "zh-CN", "en", "ios", "android", "6.3.0", "6.3.0-beta", "10.2", "12", "12.0", "x", "d1", "u1"]
)
moments = st.integers(0, 40).map(float)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(
    ["userId", "deviceId", "sessionId", "remoteAddress", "platform", "locale", "host_version", "n", "random", "default"]
)
dates = moments.map(lambda at: f"1970-01-01T00:00:{int(at):02d}Z")

constraints = st.one_of(
    st.fixed_dictionaries(
        {
            "contextName": names,
            "operator": st.sampled_from(["IN", "NOT_IN", "STR_STARTS_WITH", "STR_ENDS_WITH", "STR_CONTAINS"]),
            "values": st.lists(words, max_size=3),
        },
        optional={"inverted": st.booleans(), "caseInsensitive": st.booleans()},
    ),
    st.fixed_dictionaries(
        {
            "contextName": names,
            "operator": st.sampled_from(
                [f"{kind}_{how}" for kind in ("NUM", "SEMVER", "VERSION") for how in ("EQ", "GT", "GTE", "LT", "LTE")]
                + ["REGEX", "IN_CIDR", "NOT_AN_OPERATOR"]
            ),
            "value": words,
        },
        optional={"inverted": st.booleans()},
    ),
    st.fixed_dictionaries(
        {
            "contextName": st.just("currentTime") | names,
            "operator": st.sampled_from(["DATE_AFTER", "DATE_BEFORE"]),
            "value": dates,
        },
        optional={"inverted": st.booleans()},
    ),
    st.fixed_dictionaries({"contextName": names, "operator": st.just("IN_SET"), "set": st.sampled_from([*SETS, "?"])}),
)
rollouts = st.fixed_dictionaries(
    {
        "share": st.sampled_from([0, 1, 100, 2500, 5000, 9999, 10_000]),
        "stickiness": names,
        "group": st.sampled_from(["g", "salt"]),
    }
)
allowlists = st.fixed_dictionaries(
    {"field": st.sampled_from(["deviceId", "userId"]), "set": st.sampled_from([*SETS, "c" * 64])}
)
invitations = st.fixed_dictionaries({"sha256": st.sampled_from(["d" * 64, "e" * 64]), "ends_at": moments})
ways = st.fixed_dictionaries(
    {},
    optional={
        "segments": st.lists(st.sampled_from([*SEGMENTS, "missing"]), max_size=2),
        "constraints": st.lists(constraints, max_size=3),
        "rollout": rollouts,
        "allowlist": allowlists,
        "invitation": invitations,
    },
)
sound_rules = st.none() | st.fixed_dictionaries(
    {}, optional={"any": st.lists(ways, max_size=3), "starts_at": moments, "ends_at": moments}
)
odd_rules = anything | st.fixed_dictionaries(
    {},
    optional={
        "any": st.lists(
            anything
            | st.fixed_dictionaries(
                {},
                optional={
                    "segments": anything,
                    "constraints": anything | st.lists(anything | constraints),
                    "rollout": anything | st.fixed_dictionaries({"share": anything, "stickiness": anything}),
                    "allowlist": anything | st.fixed_dictionaries({"field": anything, "set": anything}),
                    "invitation": anything | st.fixed_dictionaries({"sha256": anything, "ends_at": anything}),
                },
            ),
            max_size=3,
        ),
        "starts_at": anything,
        "ends_at": anything,
    },
)
rules = sound_rules | odd_rules
ranges = st.none() | st.dictionaries(
    st.sampled_from(["ios", "android"]), st.fixed_dictionaries({"min": words, "max": st.none() | words})
)


@st.composite
def contexts(draw: st.DrawFn, now: float | None = None) -> Context:
    return Context(
        now=draw(moments) if now is None else now,
        device_id=draw(st.sampled_from(["", "d1", "d9", "\ud800"])),
        user_id=draw(st.sampled_from(["", "u1", "u9"])),
        verified_device=draw(st.booleans()),
        verified_user=draw(st.booleans()),
        session_id=draw(st.sampled_from(["", "s1"])),
        remote_address=draw(st.sampled_from(["", "10.0.0.1"])),
        invitations=draw(st.sampled_from([frozenset(), frozenset({"d" * 64})])),
        properties=draw(
            st.dictionaries(names, words | anything, max_size=5)
            | st.fixed_dictionaries({"platform": words, "host_version": words, "locale": words})
        ),
        draw=draw(st.floats(0, math.nextafter(1, 0))),
    )
