"""Who gets which version: the state machine of a release and the plan behind it.

Pure: no Django, no clock, no I/O. miniapps.services calls it inside a transaction; the edge never does.
mPaaS calls this a release task (MDS); states and moves are drawn in docs/gray-release.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from ferry.kernel.targeting import version_key

WHOLE = 10_000
"""A share of everybody. Shares are whole numbers of 1/10,000, so one step is 0.01 %."""


class Kind(StrEnum):
    """How far a release reaches by itself."""

    TRIAL = "trial"  # named people only
    GRAY = "gray"  # a share of the devices, and whoever is on its allowlist
    FULL = "full"  # everybody whose host app fits the version's range


class State(StrEnum):
    """Where a release stands. The last three are final."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    ROLLED_BACK = "rolled_back"
    SUPERSEDED = "superseded"


class Act(StrEnum):
    """What can be done to a release, by a person or by time."""

    SCHEDULE = "schedule"  # start it, at a later date
    START = "start"  # start it now; also what time does to a scheduled one
    CHANGE_SHARE = "change_share"
    PAUSE = "pause"
    RESUME = "resume"
    COMPLETE = "complete"
    ROLL_BACK = "roll_back"
    SUPERSEDE = "supersede"


OPEN = frozenset({State.SCHEDULED, State.RUNNING, State.PAUSED})
"""States in which a release still reaches, or will reach, somebody."""

FINAL = frozenset({State.COMPLETED, State.ROLLED_BACK, State.SUPERSEDED})
"""States that nothing leaves: a halted release never comes back, a new one is started instead."""

MOVES: Mapping[tuple[State, Act], State] = {
    (State.DRAFT, Act.SCHEDULE): State.SCHEDULED,
    (State.DRAFT, Act.START): State.RUNNING,
    (State.SCHEDULED, Act.START): State.RUNNING,
    (State.SCHEDULED, Act.CHANGE_SHARE): State.SCHEDULED,
    (State.SCHEDULED, Act.ROLL_BACK): State.ROLLED_BACK,
    (State.SCHEDULED, Act.SUPERSEDE): State.SUPERSEDED,
    (State.RUNNING, Act.CHANGE_SHARE): State.RUNNING,
    (State.RUNNING, Act.PAUSE): State.PAUSED,
    (State.RUNNING, Act.COMPLETE): State.COMPLETED,
    (State.RUNNING, Act.ROLL_BACK): State.ROLLED_BACK,
    (State.RUNNING, Act.SUPERSEDE): State.SUPERSEDED,
    (State.PAUSED, Act.CHANGE_SHARE): State.PAUSED,
    (State.PAUSED, Act.RESUME): State.RUNNING,
    (State.PAUSED, Act.COMPLETE): State.COMPLETED,
    (State.PAUSED, Act.ROLL_BACK): State.ROLLED_BACK,
    (State.PAUSED, Act.SUPERSEDE): State.SUPERSEDED,
}
"""Every move there is. What is not listed is refused."""


@dataclass(frozen=True, slots=True)
class ReleasePlan:
    """What an operator asks for. Checked by `problems` before anything is written.

    `share` is in 1/10,000 and counts for gray releases only. `conditions` (targeting constraints) and `segments` all
    have to hold together with the share; `users` and `devices` are named one by one and get the version whatever the
    share and the conditions say, as long as their host app fits the version's range.
    """

    kind: Kind
    share: int = 0
    stickiness: str = "deviceId"
    conditions: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    segments: Sequence[str] = field(default_factory=tuple)
    users: Sequence[str] = field(default_factory=tuple)
    devices: Sequence[str] = field(default_factory=tuple)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    apply: str = "next_open"  # or "at_once"
    network: str = "any"  # or "wifi"
    note: str = ""
    invited: bool = False  # a trial that may name nobody: its people come by invitation


class NoMove(Exception):
    """The move is not in the table, or not for this kind of release."""

    def __init__(self, kind: Kind, state: State, act: Act) -> None:
        super().__init__(f"{kind.value} {state.value} {act.value}")
        self.kind, self.state, self.act = kind, state, act


def move(kind: Kind, state: State, act: Act) -> State:
    """The state after `act`. Raises NoMove.

    Only a gray release has a share to change and something to complete; a trial is completed by its end date alone
    (`end`), and a full release ends by being rolled back.
    """
    if kind is not Kind.GRAY and act in (Act.CHANGE_SHARE, Act.COMPLETE, Act.SUPERSEDE):
        raise NoMove(kind, state, act)
    try:
        return MOVES[state, act]
    except KeyError:
        raise NoMove(kind, state, act) from None


def end(kind: Kind, state: State) -> State:
    """The state after the end date of a running release.

    A gray's window closes: nobody new gets it, and whoever has it keeps it until somebody decides. A trial is over,
    and its people return to what everybody gets.
    """
    if kind is Kind.GRAY:
        return move(kind, state, Act.PAUSE)
    if kind is Kind.TRIAL and state in (State.RUNNING, State.PAUSED):
        return State.COMPLETED
    raise NoMove(kind, state, Act.COMPLETE)


STICKINESS = ("deviceId", "userId", "sessionId", "default", "random")
APPLY = ("next_open", "at_once")
NETWORKS = ("any", "wifi")
LONGEST_NOTE = 4000
LONGEST_WAIT = timedelta(
    days=366
)  # for its start; what waits longer is a slip of the pen, and nobody is left who knows


class Problem(StrEnum):
    """What can be wrong with a plan by itself; miniapps.services has the sentences."""

    SHARE_RANGE = "share_range"
    SHARE_KIND = "share_kind"
    TRIAL_NAMES_NOBODY = "trial_names_nobody"
    INVITED_KIND = "invited_kind"
    FULL_IS_FOR_ALL = "full_is_for_all"
    FULL_HAS_NO_END = "full_has_no_end"
    START_TOO_FAR = "start_too_far"
    ENDS_BEFORE_START = "ends_before_start"
    ENDED = "ended"
    STICKINESS = "stickiness"
    APPLY = "apply"
    NETWORK = "network"


def problems(plan: ReleasePlan, *, now: datetime) -> list[Problem]:
    """Everything that is wrong with a plan before the conditions are looked into."""
    start = plan.starts_at or now
    narrowed = bool(plan.conditions or plan.segments)
    named = bool(plan.users or plan.devices)
    wrong = {
        Problem.SHARE_RANGE: not 0 <= plan.share <= WHOLE,
        Problem.SHARE_KIND: plan.kind is not Kind.GRAY and plan.share not in (0, WHOLE),
        Problem.TRIAL_NAMES_NOBODY: plan.kind is Kind.TRIAL and not (narrowed or named or plan.invited),
        Problem.INVITED_KIND: plan.kind is not Kind.TRIAL and plan.invited,
        Problem.FULL_IS_FOR_ALL: plan.kind is Kind.FULL and (narrowed or named),
        Problem.FULL_HAS_NO_END: plan.kind is Kind.FULL and plan.ends_at is not None,
        Problem.START_TOO_FAR: start > now + LONGEST_WAIT,
        Problem.ENDS_BEFORE_START: plan.ends_at is not None and plan.ends_at <= start,
        Problem.ENDED: plan.ends_at is not None and plan.ends_at <= now,
        Problem.STICKINESS: not 0 < len(plan.stickiness) <= 64 or not plan.stickiness.isprintable(),
        Problem.APPLY: plan.apply not in APPLY,
        Problem.NETWORK: plan.network not in NETWORKS,
    }
    return [problem for problem, found in wrong.items() if found]


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a release is for, as stored: what `rule` is made of."""

    kind: Kind
    state: State
    share: int
    stickiness: str
    cohort: str
    conditions: Sequence[Mapping[str, Any]]
    segments: Sequence[str]
    users_set: str  # sha256 of a stored set, or empty
    devices_set: str
    starts_at: float | None  # seconds since the epoch
    ends_at: float | None
    invitations: Sequence[tuple[str, float]] = ()  # sha256 of a token, and until when it counts (epoch seconds)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the published part: a rule, and whether only devices that have the version pass it."""

    rule: dict[str, Any] | None
    installed_only: bool


def lines(reach: Reach) -> list[Line]:
    """What a release adds to the published part, in the order in which it is asked. Nothing for a final state.

    Dates are in the rule, so they hold to the second and need no tick. A function of the row alone: a tick builds
    every part again and takes a difference for damage.
    """
    if reach.state not in OPEN:
        return []
    strategies = _strategies(reach)
    starts_at = reach.starts_at if reach.state is State.SCHEDULED else None
    if reach.state is State.PAUSED:
        until = reach.ends_at if reach.kind is Kind.TRIAL else None
        return [Line(_rule(strategies, None, until), installed_only=True)]
    main = Line(_rule(strategies, starts_at, reach.ends_at), installed_only=False)
    if reach.kind is Kind.GRAY and reach.ends_at is not None:
        return [main, Line(_rule(strategies, reach.ends_at, None), installed_only=True)]
    return [main]


def _strategies(reach: Reach) -> list[dict[str, Any]] | None:
    """The ways into the release; None when it is for everybody."""
    if reach.kind is Kind.FULL:
        return None
    ways: list[dict[str, Any]] = [
        {"allowlist": {"field": field, "set": sha}}
        for field, sha in (("deviceId", reach.devices_set), ("userId", reach.users_set))
        if sha
    ]
    if reach.kind is Kind.TRIAL:
        ways += [{"invitation": {"sha256": sha, "ends_at": until}} for sha, until in reach.invitations]
    narrowing: dict[str, Any] = {}
    if reach.segments:
        narrowing["segments"] = list(reach.segments)
    if reach.conditions:
        narrowing["constraints"] = [dict(condition) for condition in reach.conditions]
    if reach.kind is Kind.GRAY and reach.share > 0:
        rollout = {"share": reach.share, "stickiness": reach.stickiness, "group": reach.cohort}
        ways.append({**narrowing, "rollout": rollout})
    elif reach.kind is Kind.TRIAL and narrowing:
        ways.append(narrowing)
    return ways


def _rule(
    strategies: list[dict[str, Any]] | None, starts_at: float | None, ends_at: float | None
) -> dict[str, Any] | None:
    rule: dict[str, Any] = {} if strategies is None else {"any": strategies}
    if starts_at is not None:
        rule["starts_at"] = starts_at
    if ends_at is not None:
        rule["ends_at"] = ends_at
    return rule or None


def covers(newer: Mapping[str, Any], older: Mapping[str, Any]) -> bool:
    """Whether every device inside host range `older` is inside `newer` too, so that the older is never reached."""
    return all(platform in newer and _spans(newer[platform], ends) for platform, ends in older.items())


def _spans(outer: Mapping[str, Any], inner: Mapping[str, Any]) -> bool:
    low, high = version_key(outer["min"]), version_key(outer["max"]) if outer["max"] else None
    inner_low, inner_high = version_key(inner["min"]), version_key(inner["max"]) if inner["max"] else None
    if low is None or inner_low is None or low > inner_low:
        return False
    return high is None or (inner_high is not None and inner_high <= high)
