"""Who has not agreed to profiling enters no feature, no score and no segment (rule 13)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from analytics.churn import rollup, selectors, services, source
from analytics.churn.definition import Definition
from analytics.models import Device
from analytics.segments import selectors as segments
from ferry.journal.lake import connect
from ferry.kernel import clock
from ferry.kernel.identity import services as identity
from ferry.kernel.identity.actors import system

YES, NO = {"analytics": True, "profiling": True}, {"analytics": True, "profiling": False}


def device(world, user: str, consent: dict[str, bool] | None, **about) -> Device:
    now = clock.now()
    return Device.objects.create(
        workspace=world.workspace,
        host_app_id=world.host_app.pk,
        device_id=f"phone-of-{user}",
        bound_user=user,
        consent=consent,
        consent_at=int(now.timestamp() * 1000),
        first_seen=now,
        last_seen=now,
        **about,
    )


def users(world) -> set[str]:
    app = world.host_app
    with source.stored(app, Definition(), today=clock.now().date()) as stored:
        return {row[0] for row in stored.connection.execute(f"SELECT DISTINCT user_id FROM {rollup.TABLE}").fetchall()}


def test_where_the_app_handles_consent_a_no_is_a_no(world):
    world.past(users=20)
    everybody = users(world)
    device(world, "u1", NO)
    device(world, "u2", YES)
    device(world, "u3", None)
    assert users(world) == everybody - {"u1"}
    assert {"u1", "u2", "u3"} <= everybody


def test_where_consent_is_required_silence_is_a_no(world):
    world.past(users=20)
    identity.update_host_app(actor=system(world.workspace), host_app=world.host_app, consent="required")
    world.host_app.refresh_from_db(from_queryset=type(world.host_app).objects.of(world.workspace))
    device(world, "u2", YES)
    device(world, "u3", None)
    assert users(world) == {"u2"}


def test_what_was_stated_at_the_import_counts(world):
    world.past(users=10)
    everybody = users(world)
    path = world.folder / "no.csv"
    yesterday = clock.now().date() - timedelta(days=1)
    path.write_text(f"user_id,event,day\nu4,open,{yesterday}\nu99,open,{yesterday}\n")
    world.brings(path, profiling=False)
    assert users(world) == everybody - {"u4"}


def test_nobody_left_is_no_error(world):
    path = world.folder / "one.csv"
    path.write_text(f"user_id,event,day\nu1,open,{clock.now().date() - timedelta(days=1)}\n")
    world.brings(path, profiling=False)
    with pytest.raises(rollup.BadHistory):
        users(world)


def test_ids_that_no_list_can_hold_and_properties_that_are_no_json_do_no_harm(world):
    world.past(users=5)
    everybody = users(world)
    odd = ["a\nb", "nul\x00", " blank", "line\u2028", "x" * 201]
    with connect() as duckdb:
        duckdb.execute("CREATE TABLE odd AS SELECT unnest($1::VARCHAR[]) AS user_id", [[*odd, "fine"]])
        row = "'track' AS type, 'open' AS event, '' AS device_id, now()::TIMESTAMP - INTERVAL 2 DAY AS ts"
        row += ", ts AS received_at, '{broken' AS properties, NULL::BOOLEAN AS consent_profiling"
        duckdb.execute(f"CREATE VIEW strange AS SELECT user_id, {row} FROM odd")
        rollup.from_events(duckdb, "strange", profiling=rollup.Profiling())
        assert duckdb.execute("SELECT DISTINCT user_id FROM daily").fetchall() == [("fine",)]
    assert users(world) == everybody


@pytest.mark.usefixtures("small_floor")
def test_a_withdrawn_consent_leaves_scores_and_segment_within_the_hour(world):
    world.past()
    world.defines(high_from=60, medium_from=40)
    world.works()
    segment = services.segment_of_band(actor=world.operator, host_app_id=world.host_app.pk, band="high")
    leaving = min(segments.members(segment))
    with clock.frozen(clock.now() + timedelta(minutes=20)):
        device(world, leaving, NO)
        assert world.works() == 0
    with clock.frozen(clock.now() + timedelta(minutes=61)):
        world.works()
        assert leaving not in set(selectors.band_users(world.workspace, world.host_app.pk, "high"))
        assert not selectors.scores(world.workspace, world.host_app.pk, user=leaving).exists()
        segment.refresh_from_db(from_queryset=type(segment).objects.of(world.workspace))
        assert leaving not in segments.members(segment)
