"""The life of releases under any sequence of acts: the table is the whole truth, and final states are final."""

from __future__ import annotations

from itertools import count, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from ferry.kernel.errors import FerryError
from ferry.kernel.publishing import selectors as published
from ferry.kernel.publishing.verification import verify_snapshots
from miniapps.models import Release
from miniapps.releases import (
    FINAL,
    MOVES,
    OPEN,
    Act,
    Kind,
    NoMove,
    Reach,
    State,
    covers,
    end,
    lines,
    move,
)
from tests.world import World


def test_nothing_leaves_a_final_state():
    for kind, state, act in product(Kind, FINAL, Act):
        with pytest.raises(NoMove):
            move(kind, state, act)
    for kind, state in product(Kind, FINAL):
        with pytest.raises(NoMove):
            end(kind, state)


def test_every_open_release_can_be_rolled_back():
    for kind, state in product(Kind, OPEN):
        assert move(kind, state, Act.ROLL_BACK) is State.ROLLED_BACK


def test_every_state_can_be_reached_from_a_draft():
    reached = {State.DRAFT}
    while True:
        more = {MOVES[state, act] for state, act in MOVES if state in reached} - reached
        if not more:
            break
        reached |= more
    assert reached == set(State)


def test_only_a_gray_release_has_a_share_to_change():
    for kind in (Kind.TRIAL, Kind.FULL):
        with pytest.raises(NoMove):
            move(kind, State.RUNNING, Act.CHANGE_SHARE)


def reach(kind=Kind.GRAY, state=State.RUNNING, **values):
    given = {
        "share": 2500,
        "stickiness": "deviceId",
        "cohort": "salt",
        "conditions": (),
        "segments": (),
        "users_set": "",
        "devices_set": "",
        "starts_at": None,
        "ends_at": None,
    }
    return Reach(kind=kind, state=state, **{**given, **values})


def test_a_final_release_adds_nothing_to_the_part():
    for kind, state in product(Kind, FINAL | {State.DRAFT}):
        assert lines(reach(kind, state)) == []


def test_an_empty_gray_is_for_nobody_and_never_for_everybody():
    (line,) = lines(reach(share=0))
    assert line.rule == {"any": []}


def test_a_trial_without_people_is_for_nobody():
    (line,) = lines(reach(Kind.TRIAL))
    assert line.rule == {"any": []}


@given(
    st.sampled_from(Kind),
    st.sampled_from(sorted(OPEN)),
    st.integers(0, 10_000),
    st.sampled_from(["", "a" * 64]),
    st.none() | st.integers(0, 2_000_000_000),
)
def test_whatever_is_published_is_a_rule_that_targeting_reads(kind, state, share, devices, ends_at):
    from ferry.kernel.targeting import validate_rule

    ends_at = None if kind is Kind.FULL else ends_at
    for line in lines(reach(kind, state, share=share, devices_set=devices, ends_at=ends_at)):
        assert validate_rule(line.rule) == ()
        assert line.rule is not None or kind is Kind.FULL


@pytest.mark.parametrize(
    ("newer", "older", "expected"),
    [
        ({"ios": {"min": "6.0", "max": None}}, {"ios": {"min": "6.0", "max": None}}, True),
        ({"ios": {"min": "6.0", "max": None}}, {"ios": {"min": "5.0", "max": None}}, False),
        ({"ios": {"min": "6.0", "max": "7.0"}}, {"ios": {"min": "6.0", "max": None}}, False),
        ({"ios": {"min": "6.0", "max": "7.0"}}, {"ios": {"min": "6.5", "max": "7.0.0"}}, True),
        (
            {"ios": {"min": "6.0", "max": None}},
            {"ios": {"min": "6", "max": "9"}, "web": {"min": "1", "max": None}},
            False,
        ),
        ({"ios": {"min": "6.10", "max": None}}, {"ios": {"min": "6.9", "max": None}}, False),
    ],
)
def test_a_range_covers_another(newer, older, expected):
    assert covers(newer, older) is expected


class Operators(RuleBasedStateMachine):
    """Operators do whatever comes to their mind; refusals are fine, half-done acts are not."""

    names = count()

    def __init__(self) -> None:
        super().__init__()
        self.world = World.make(f"Harbour {next(self.names)}", devices=60)
        self.world.add_devices(5, host_version="5.0.0")
        self.final: dict[str, str] = {}

    def releases(self) -> list[Release]:
        return list(Release.objects.of(self.world.workspace).order_by("serial"))

    def attempt(self, act) -> None:
        before = self.world.fingerprint()
        try:
            act()
        except FerryError:
            assert self.world.fingerprint() == before, "a refused act left something behind"

    versions = st.sampled_from(["1.0.0", "2.0.0", "3.0.0"])
    picks = st.integers(0, 100)

    def pick(self, number: int) -> Release:
        found = self.releases()
        return found[number % len(found)]

    @rule(name=versions, share=st.integers(0, 100))
    def start_gray(self, name, share):
        self.world.version(name)
        self.attempt(lambda: self.world.release(name, share=share))

    @rule(name=versions)
    def start_full(self, name):
        self.world.version(name)
        self.attempt(lambda: self.world.release(name))

    @rule(name=versions, number=st.integers(0, 59))
    def start_trial(self, name, number):
        self.world.version(name)
        self.attempt(lambda: self.world.release(name, kind="trial", devices=[f"device-{number:05}"]))

    @precondition(lambda self: self.releases())
    @rule(number=picks, share=st.integers(0, 100))
    def change_share(self, number, share):
        release = self.pick(number)
        before = self.offered()
        changed = []
        self.attempt(lambda: changed.append(self.world.raise_to(release, share)))
        if changed and release.state == State.RUNNING and share * 100 >= release.share:
            after = self.offered()
            code = release.version.code
            assert {device for device, offered in before.items() if offered == code} <= {
                device for device, offered in after.items() if offered == code
            }

    @precondition(lambda self: self.releases())
    @rule(number=picks, act=st.sampled_from(["pause", "resume", "complete", "roll_back"]))
    def act_on_one(self, number, act):
        release = self.pick(number)
        self.attempt(lambda: getattr(self.world, act)(release))

    @rule(name=versions)
    def roll_back_to(self, name):
        version = self.world.version(name)
        done = []
        self.attempt(lambda: done.append(self.world.roll_back_to(name)))
        if done:
            assert all(code is None or code <= version.code for code in self.offered().values())

    @rule()
    def devices_check_in(self):
        self.world.check_in()

    @rule()
    def withdraw_or_restore(self):
        self.attempt(self.world.withdraw)
        self.attempt(self.world.restore)

    def offered(self) -> dict[str, int | None]:
        answers = {device.id: self.world.decided(device) for device in self.world.devices.values()}
        return {device: gives.code if gives else None for device, gives in answers.items()}

    @invariant()
    def final_states_stay(self):
        now = {release.pk: release.state for release in self.releases()}
        for release_id, state in self.final.items():
            assert now[release_id] == state
        self.final = {release_id: state for release_id, state in now.items() if state in FINAL}

    @invariant()
    def one_gray_is_open(self):
        assert sum(release.kind == Kind.GRAY and release.state in OPEN for release in self.releases()) <= 1

    @invariant()
    def only_open_releases_are_published(self):
        part = self.world.part()
        published_ids = {entry["id"] for entry in part["releases"]} if part else set()
        assert published_ids <= {release.pk for release in self.releases() if release.state in OPEN}

    @invariant()
    def everything_served_is_signed(self):
        part = self.world.part()
        assert all(entry["signature"]["kid"] for entry in (part["releases"] if part else []))

    @invariant()
    def the_snapshot_is_what_the_rows_say(self):
        assert [one for one in verify_snapshots() if self.world.host_app.pk in str(one)] == []

    @invariant()
    def an_old_host_app_gets_nothing(self):
        assert all(
            self.world.decided(device) is None
            for device in self.world.devices.values()
            if device.host_version == "5.0.0"
        )


@pytest.mark.django_db
@pytest.mark.timeout(600)  # a hundred acts, each a transaction; on a busy machine they take minutes
def test_no_sequence_of_acts_breaks_a_promise():
    run_state_machine_as_test(
        Operators, settings=settings(max_examples=8, stateful_step_count=12, deadline=None, database=None)
    )
    assert published.versions()
