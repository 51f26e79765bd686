"""The batch that nearly every request is: well-formed track calls with their own ids and times. Pure.

Says the same as analytics.events.judging, in less time, or nothing at all; a test compares the two on whatever comes.
The decoder has checked types, lengths and times already. What one event costs here decides what an edge can take
(bench/ingest.py), so events are looked at column by column, and never become objects of ours.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Raw

from analytics.events.clocks import MOST_AGE_MS, all_milliseconds
from analytics.events.places import Place
from analytics.events.records import Group
from analytics.events.wire import MAX_EVENT_BYTES, PlainEvent


def plain_groups(
    events: list[PlainEvent], place_of: Callable[[Raw], Place], *, received: int, sent: int, device: str
) -> list[Group] | None:
    """These events as the journal holds them, or None when any of them needs a second look.

    Times in ms; `device` is a proved one. `place_of` works out what a context comes to, and is asked about the batch's
    last consent last; it may raise, and then so does the second look.
    """
    by_context: dict[bytes, list[PlainEvent]] = {}
    for event in events:
        context = bytes(event.context)
        members = by_context.get(context)
        if members is None:
            members = by_context[context] = []
        members.append(event)
    groups = []
    consents = 0
    for members in by_context.values():
        place = place_of(members[0].context)
        consents += place.consent is not None
        group = _group(members, place, device or place.device_id, received, sent) if place.stores else None
        if group is None or not place.program:
            return None
        groups.append(group)
    if consents > 1:  # the last one of the batch holds, and place_of is told of it by being asked
        for event in reversed(events):
            if place_of(event.context).consent is not None:
                break
    return groups


def _group(events: list[PlainEvent], place: Place, device: str, received: int, sent: int) -> Group | None:
    """Events of one place."""
    names = [event.event for event in events]
    moments = all_milliseconds([event.timestamp for event in events])
    try:
        said = [str(event.properties, "utf-8") for event in events]
    except UnicodeDecodeError:
        return None
    if (
        min(moments) < sent - MOST_AGE_MS
        or max(moments) > sent
        or any(map(str.isspace, names))
        or any(text[0] != "{" for text in said)
        or "{}" in said
        or max(map(len, said)) > MAX_EVENT_BYTES // 4  # characters; the second look counts bytes
    ):
        return None
    ahead = received - sent
    return Group(
        "track",
        sent,
        place.program,
        place.code,
        place.platform,
        place.os,
        place.host_version,
        place.session,
        place.profiling,
        "",
        names,
        [event.message_id for event in events],
        [moment + ahead for moment in moments],
        moments,
        [event.user_id for event in events],
        [device] * len(events) if device else [],
        said,
    )
