"""Audiences: the devices that a push campaign is for, read in the order of their ids and in pieces.

An audience is JSON: {"kind": "everyone"}, {"kind": "users", "users": […]}, {"kind": "segment", "segment": id} or
{"kind": "band", "band": "high"}. `freeze` turns it into what a run keeps: a segment's rules as they are now, a list of
users as a stored set. Whether a device belongs is asked of the targeting engine, never of SQL; SQL only narrows down.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from analytics.churn import selectors as churn
from analytics.errors import AudienceInvalid
from analytics.models import Device
from analytics.segments import selectors as segments
from analytics.selectors import context_of
from analytics.selectors import devices as known_devices
from ferry.kernel import clock
from ferry.kernel.identity.models import Consent, HostApp, Workspace
from ferry.kernel.publishing import selectors as published
from ferry.kernel.publishing import sets as stored
from ferry.kernel.publishing.services import store_set
from ferry.kernel.targeting import Compiled, compile_rule, compile_segment

ZONE = "timezone"  # the attribute in which a device tells its IANA zone
_NARROW = 400  # users that a query can name: SQLite's older builds take 999 variables
_NEEDED = (
    "device_id",
    "bound_user",
    "claimed_user",
    "registered",
    "consent",
    "platform",
    "attributes",
    "last_seen",
)
Frozen = Mapping[str, Any]
Bands = Callable[[Workspace, str, str], Iterable[str]]


@dataclass(frozen=True, slots=True)
class AudienceDevice:
    """A device of an audience, with what decides whether it may be sent something."""

    device_id: str
    user: str  # verified; "" when nobody is bound
    verified: bool  # False: it belongs only by a user id that nobody has verified
    registered: bool  # it asked for a device token: the own channel reaches it
    marketing: bool
    profiling: bool
    platform: str
    zone: str  # as the device tells it, unchecked
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """The members among the next `examined` devices; `last` is where the next page begins, `end` that there is none.

    `places` says for each member how many devices were examined up to it, for a reader who stops there.
    """

    devices: list[AudienceDevice]
    places: list[int]
    examined: int
    last: str
    end: bool


def register_bands(users: Bands) -> None:
    """Have `users(workspace, host_app_id, band)` name the users of a prediction's band. One provider."""
    _bands[:] = [users]


def predicted(workspace: Workspace, host_app_id: str, band: str) -> Iterable[str]:
    """The users of a band as they are scored now. Raises AudienceInvalid where nothing has been scored yet."""
    if churn.run(workspace, host_app_id) is None:
        raise AudienceInvalid(reason=_("there is no prediction for this host app yet. Set one up first."))
    return churn.band_users(workspace, host_app_id, band)


_bands: list[Bands] = [predicted]


def freeze(host_app: HostApp, audience: Mapping[str, Any]) -> dict[str, Any]:
    """What the audience is at this moment. Not inside publishing(). Raises AudienceInvalid, NotFound."""
    match audience.get("kind"):
        case "everyone":
            return {}
        case "users":
            return {"users": store_set(_users(audience))}
        case "segment":
            row = segments.segment(host_app.workspace, str(audience.get("segment", "")))
            return {"constraints": row.constraints, "set": row.list_sha, "profiling": row.kind == "prediction"}
        case "band":
            users = _bands[0](host_app.workspace, host_app.pk, str(audience.get("band", "")))
            return {"users": store_set(users), "profiling": True}
    raise AudienceInvalid(reason=_("its kind is everyone, users, segment or band."))


def fingerprint(host_app: HostApp, audience: Mapping[str, Any]) -> str:
    """Changes when somebody changes what the audience is: its own words, or its segment's rules or list.

    A prediction moves by itself every day, so its users are no part of it.
    """
    told: dict[str, Any] = dict(audience)
    if audience.get("kind") == "segment":
        row = segments.segment(host_app.workspace, str(audience.get("segment", "")))
        told["constraints"] = None if row.kind == "prediction" else row.constraints
    text = json.dumps(told, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def ranges(host_app: HostApp, *, size: int, before: datetime) -> Iterator[tuple[str, str, int]]:
    """Key ranges that hold all devices seen first before `before`: (after, until, devices), about `size` each."""
    rows = _devices(host_app, before).order_by("device_id").values_list("device_id", flat=True)
    after = ""
    while True:
        rest = rows.filter(device_id__gt=after)
        until = rest[size - 1 : size].first()
        if until is None:
            left = rest.count()
            if left:
                yield after, "", left
            return
        yield after, until, size
        after = until


def held_sets(frozen: Iterable[Frozen]) -> Iterator[str]:
    """The stored sets that frozen audiences stand on."""
    for each in frozen:
        yield from (sha for sha in (each.get("users"), each.get("set")) if sha)


class Reader:
    """Reads the members of one frozen audience. Holds its rule and sets, so keep it for as long as you read."""

    def __init__(self, host_app: HostApp, frozen: Frozen, *, before: datetime | None = None) -> None:
        self._app, self._before = host_app, before
        self._users: frozenset[str] | None = _set(frozen["users"]) if frozen.get("users") else None
        self._rule: Compiled | None = _rule(frozen) if "constraints" in frozen else None

    def page(self, *, after: str, until: str, limit: int) -> Page:
        """The next `limit` devices after `after`, at most up to `until` ("" = no end), and who of them belongs."""
        rows = _devices(self._app, self._before).filter(device_id__gt=after)
        if until:
            rows = rows.filter(device_id__lte=until)
        if self._users is not None and len(self._users) <= _NARROW:
            users = list(self._users)
            rows = rows.filter(Q(bound_user__in=users) | Q(bound_user="", claimed_user__in=users))
        if self._rule is None:  # a rule may ask for anything; the rest needs these
            rows = rows.only(*_NEEDED)
        found = list(rows.order_by("device_id")[:limit])
        last = found[-1].device_id if found else after
        judged = ((place, self._member(row)) for place, row in enumerate(found, start=1))
        members = [(place, member) for place, member in judged if member is not None]
        return Page(
            devices=[member for _, member in members],
            places=[place for place, _ in members],
            examined=len(found),
            last=last,
            end=len(found) < limit,
        )

    def members(self, *, after: str = "", until: str = "", step: int = 2000) -> Iterator[AudienceDevice]:
        """All of them, page by page."""
        end = False
        while not end:
            page = self.page(after=after, until=until, limit=step)
            yield from page.devices
            after, end = page.last, page.end

    def _member(self, row: Device) -> AudienceDevice | None:
        """The device, when it belongs, or would if the user that it claims were verified."""
        if self._users is not None:
            known = row.bound_user or row.claimed_user
            return _told(self._app, row, verified=bool(row.bound_user)) if known in self._users else None
        if self._rule is None:
            return _told(self._app, row, verified=True)
        context = context_of(row).on(self._app, now=clock.now().timestamp())
        if self._rule.matches(context):
            return _told(self._app, row, verified=True)
        if context.user_id and not context.verified_user and self._rule.matches(replace(context, verified_user=True)):
            return _told(self._app, row, verified=False)
        return None


def by_id(host_app: HostApp, device_ids: Collection[str]) -> dict[str, AudienceDevice]:
    """These devices as they are now, whatever audience; those that are not known any more are left out."""
    rows = _devices(host_app, None).filter(device_id__in=list(device_ids)).only(*_NEEDED)
    return {row.device_id: _told(host_app, row, verified=bool(row.bound_user)) for row in rows}


def of_users(host_app: HostApp, users: Collection[str]) -> Iterator[AudienceDevice]:
    """Every device that a verified binding connects with one of these users."""
    names = sorted(users)
    for start in range(0, len(names), _NARROW):
        for row in _devices(host_app, None).filter(bound_user__in=names[start : start + _NARROW]).only(*_NEEDED):
            yield _told(host_app, row, verified=True)


def _devices(host_app: HostApp, before: datetime | None) -> QuerySet[Device]:
    rows = known_devices(host_app.workspace, host_app.pk).filter(device_id__gt="")
    return rows if before is None else rows.filter(first_seen__lt=before)


def _told(host_app: HostApp, row: Device, *, verified: bool) -> AudienceDevice:
    return AudienceDevice(
        device_id=row.device_id,
        user=row.bound_user,
        verified=verified,
        registered=row.registered,
        marketing=_consents(host_app, row, "marketing"),
        profiling=_consents(host_app, row, "profiling"),
        platform=row.platform,
        zone=str(row.attributes.get(ZONE) or ""),
        last_seen=row.last_seen,
    )


def _consents(host_app: HostApp, row: Device, purpose: str) -> bool:
    """What the device said; where it said nothing, the app that asks for consent itself has had its yes."""
    if row.consent is None:
        return host_app.consent == Consent.HANDLED_BY_APP
    return row.consent.get(purpose) is True


def _rule(frozen: Frozen) -> Compiled:
    sets = {frozen["set"]: _set(frozen["set"])} if frozen.get("set") else {}
    compiled = compile_segment("audience", frozen["constraints"], sets=sets)
    return compile_rule({"any": [{"segments": ["audience"]}]}, segments={"audience": compiled}, sets={})


def _set(sha: str) -> frozenset[str]:
    found = published.parts([sha])
    return stored.decode(found[sha]) if sha in found else frozenset()


def _users(audience: Mapping[str, Any]) -> list[str]:
    users = audience.get("users")
    if not isinstance(users, list) or not users or not all(isinstance(user, str) and user for user in users):
        raise AudienceInvalid(reason=_("name at least one user."))
    return users
