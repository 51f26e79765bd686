"""Records of a device may be loaded in any order: the outcome is that of their own order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analytics.folding import DeviceState
from analytics.records import AnyRecord, BindRecord, CheckinRecord, DeviceRecord

APP = "0" * 26
Told = tuple[str, AnyRecord]


@st.composite
def histories(draw: st.DrawFn) -> list[Told]:
    """What a few edges recorded of one device, in the order in which it happened."""
    moments = draw(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 5)), unique=True, min_size=1, max_size=12))
    told: list[Told] = []
    for at, seq in sorted(moments):
        kind = draw(st.sampled_from(["device", "bind", "unbind", "checkin"]))
        base = {"host_app": APP, "device": "d", "at": at, "seq": seq}
        text = draw(st.sampled_from(["a", "b", ""]))
        record: AnyRecord
        if kind == "device":
            consent = draw(st.none() | st.builds(lambda yes: {"analytics": yes}, st.booleans()))
            record = DeviceRecord(**base, message_id="m", platform=text, user=text, consent=consent)
        elif kind == "checkin":
            installed = draw(st.dictionaries(st.sampled_from(["x", "y"]), st.integers(1, 3)))
            record = CheckinRecord(**base, platform=text, user=text, installed=installed, attributes={"t": text})
        else:
            record = BindRecord(**base, message_id="m", user=text)
        told.append((kind, record))
    return told


def fold(told: list[Told]) -> DeviceState:
    state = DeviceState("d")
    acts = {"device": state.registers, "bind": state.binds, "unbind": state.unbinds, "checkin": state.checks_in}
    for kind, record in told:
        acts[kind](record)  # type: ignore[operator]
    return state


@given(histories(), st.randoms(use_true_random=False))
def test_any_order_gives_the_same_device(told: list[Told], random: object):
    shuffled = list(told)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fold(shuffled) == fold(told)


@given(histories())
def test_hearing_everything_twice_changes_nothing(told: list[Told]):
    assert fold(told + told) == fold(told)


def test_a_claim_never_displaces_a_bound_user():
    bound = ("bind", BindRecord(host_app=APP, device="d", at=1, seq=1, message_id="m", user="vera"))
    claim = ("checkin", CheckinRecord(host_app=APP, device="d", at=2, seq=2, user="mallory", verified_user=True))
    state = fold([bound, claim])
    assert (state.bound_user, state.claimed_user) == ("vera", "mallory")


def test_a_host_that_asks_for_one_program_leaves_the_others_as_they_were():
    whole = CheckinRecord(
        host_app=APP, device="d", at=1, seq=1, platform="android", os="14", installed={"x": 1, "y": 2}
    )
    one = CheckinRecord(host_app=APP, device="d", at=2, seq=2, platform="android", installed={"y": 3}, partial=True)
    state = fold([("checkin", whole), ("checkin", one)])
    assert [entry[:2] for entry in state.installed] == [["x", 1], ["y", 3]]
    assert state.os == "14"
