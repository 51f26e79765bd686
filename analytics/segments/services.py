"""Writes of segments. Every host app of the workspace carries every segment, so a change publishes to all of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from analytics.segments import snapshot
from analytics.segments.errors import SegmentChanged, SegmentExists, SegmentInUse, SegmentInvalid, TooManySegments
from analytics.segments.models import Segment, SegmentField, SegmentKind
from analytics.segments.selectors import members as members_of
from analytics.segments.uses import uses_of
from ferry.kernel import clock
from ferry.kernel.audit.services import record
from ferry.kernel.errors import NotFound
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.rights import Right
from ferry.kernel.publishing.services import publishing_workspace, store_set
from ferry.kernel.targeting import validate_constraints

MOST_SEGMENTS = 500  # of one workspace: each is a part of every host app's snapshot
LONGEST_DESCRIPTION = 500


def create_segment(
    *,
    actor: Actor,
    name: str,
    description: str = "",
    constraints: list[Any] | None = None,
    members: Iterable[str] | None = None,
    field: str = SegmentField.USER,
) -> Segment:
    """A segment of whoever meets all `constraints`, or of the `members` of a list: exactly one of the two is given.

    `members` are user ids, or with `field` deviceId device ids; only verified ones count later. Raises
    SegmentInvalid, SegmentExists, TooManySegments, SetInvalid.
    """
    require(actor, Right.MANAGE_SEGMENTS)
    segment = Segment(workspace=actor.workspace, name=checked_name(name), description=_description(description))
    if (constraints is None) == (members is None):
        raise SegmentInvalid(reason=_("give either constraints or members."))
    if members is None:
        segment.kind = SegmentKind.RULES
        segment.constraints = _constraints(constraints)
    else:
        if field not in SegmentField.values:
            raise SegmentInvalid(reason=_("a list holds userId or deviceId."))
        segment.kind, segment.list_field = SegmentKind.LIST, field
        segment.set_list(*_stored(members))
    with publishing_workspace(actor.workspace) as publications:
        add(segment)
        publications.changed(snapshot.KIND, segment.pk)
        record(actor=actor, action="segment.created", target=segment, after=told(segment))
    return segment


def update_segment(
    *,
    actor: Actor,
    segment: Segment,
    name: str | None = None,
    description: str | None = None,
    constraints: list[Any] | None = None,
    members: Iterable[str] | None = None,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    seen: datetime | None = None,
) -> Segment:
    """Change what is given and leave the rest; releases that use the segment follow within seconds.

    A list is replaced by `members`, or changed by `add` and `remove`. `seen` is `updated_at` of the state that the
    change was made from, where that matters: a form writes every field, changed or not. Raises SegmentInvalid,
    SegmentExists, SegmentChanged when another change came in between, NotFound when the segment is gone.
    """
    require(actor, Right.MANAGE_SEGMENTS)
    added, removed = _clean(add), _clean(remove)
    rules = segment.kind == SegmentKind.RULES
    if segment.kind == SegmentKind.PREDICTION and (members is not None or added or removed):
        raise SegmentInvalid(reason=_("the platform fills a prediction; only its name and description can be changed."))
    if rules and (members is not None or added or removed):
        raise SegmentInvalid(reason=_("a segment made of rules has no members."))
    if not rules and constraints is not None:
        raise SegmentInvalid(reason=_("a segment made of a list has no constraints."))
    checked = None if constraints is None else _constraints(constraints)
    stored = None
    if members is not None or added or removed:  # before the lock: a large list takes a while to write
        stored = _stored((_clean(members_of(segment) if members is None else members) | added) - removed)
    with publishing_workspace(actor.workspace) as publications:
        row = _again(actor, segment)
        before = told(row)
        if seen is not None and row.updated_at != seen:
            raise SegmentChanged
        if stored is not None:
            if members is None and row.list_sha != segment.list_sha:
                raise SegmentChanged
            row.set_list(*stored)
        if checked is not None:
            row.constraints = checked
        row.name = row.name if name is None else checked_name(name)
        row.description = row.description if description is None else _description(description)
        after = told(row)
        if after == before:
            return row
        row.updated_at = clock.now()
        _save(row)
        publications.changed(snapshot.KIND, row.pk)
        changed = [each for each in after if after[each] != before[each]]
        record(
            actor=actor,
            action="segment.updated",
            target=row,
            before={each: before[each] for each in changed},
            after={each: after[each] for each in changed},
        )
    return row


def delete_segment(*, actor: Actor, segment: Segment) -> None:
    """Delete a segment that nothing uses. Raises SegmentInUse, NotFound."""
    require(actor, Right.MANAGE_SEGMENTS)
    with publishing_workspace(actor.workspace) as publications:
        row = _again(actor, segment)
        used_by = uses_of(actor.workspace, row.pk)
        if used_by:
            raise SegmentInUse(used_by=", ".join(used_by[:5]), uses=len(used_by))
        target = ("segment", row.pk)
        before = told(row)
        row.delete()
        publications.changed(snapshot.KIND, target[1])
        record(actor=actor, action="segment.deleted", target=target, before=before)


def _again(actor: Actor, segment: Segment) -> Segment:
    """The row as it is after the lock."""
    row = Segment.objects.of(actor.workspace).filter(pk=segment.pk).first()
    if row is None:
        raise NotFound(kind="segment")
    return row


def add(segment: Segment) -> None:
    """Insert a new segment, inside publishing_workspace(). Raises TooManySegments, SegmentExists."""
    if Segment.objects.of(segment.workspace).count() >= MOST_SEGMENTS:
        raise TooManySegments(limit=MOST_SEGMENTS)
    _save(segment, new=True)


def _save(segment: Segment, *, new: bool = False) -> None:
    try:
        with transaction.atomic():
            segment.save(force_insert=new)
    except IntegrityError:
        raise SegmentExists(name=segment.name) from None


def _stored(members: Iterable[str]) -> tuple[str, int]:
    unique = _clean(members)
    return store_set(unique), len(unique)


def _clean(members: Iterable[str]) -> set[str]:
    """Ids as the stored set keeps them, so that its size is true."""
    return {member.strip() for member in members} - {""}


def _constraints(given: list[Any] | None) -> list[Any]:
    problems = validate_constraints(given)
    if problems:
        reason = "; ".join(problem.text(_) for problem in problems[:3])
        raise SegmentInvalid(reason=reason + ".", problems=[problem.as_json(_) for problem in problems])
    if not given:
        raise SegmentInvalid(reason=_("without constraints everybody would belong to it. Give at least one."))
    return given


def checked_name(given: str) -> str:
    """The name as it is stored. Raises SegmentInvalid."""
    name = " ".join(given.split())
    if not 0 < len(name) <= 120 or not name.isprintable():
        raise SegmentInvalid(reason=_("a name has 1 to 120 printable characters."))
    return name


def _description(given: str) -> str:
    description = " ".join(given.split())
    if len(description) > LONGEST_DESCRIPTION or not description.isprintable():
        raise SegmentInvalid(
            reason=_("a description has at most {limit} printable characters.").format(limit=LONGEST_DESCRIPTION)
        )
    return description


def told(segment: Segment) -> dict[str, Any]:
    """For the audit log: of a list its address and size, never the people on it."""
    about: dict[str, Any] = {"name": segment.name, "description": segment.description, "kind": str(segment.kind)}
    if segment.kind == SegmentKind.PREDICTION:
        # Filled anew every day by the platform itself: what it is about belongs in the log, not how many it holds.
        return {**about, "host_app": segment.predicted_app, "band": segment.predicted_band}
    if segment.kind == SegmentKind.RULES:
        return {**about, "constraints": segment.constraints}
    return {**about, "field": str(segment.list_field), "list": segment.list_sha, "size": segment.list_size}
