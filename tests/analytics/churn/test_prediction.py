"""From a history to bands, segments and reasons; what happens twice, is cut off or is tampered with."""

from __future__ import annotations

from datetime import timedelta

import pytest

from analytics.churn import keeping, selectors, services, working
from analytics.churn.errors import DefinitionRefused, ModelUnusable, NotPredicting
from analytics.churn.models import ChurnModel, ChurnScore, ChurnSetting
from analytics.churn.reasons import word
from analytics.segments import selectors as segments
from analytics.segments import services as segment_services
from analytics.segments.errors import SegmentInvalid
from ferry.kernel import clock
from ferry.kernel.audit import selectors as audit
from ferry.kernel.errors import NotAllowed
from ferry.kernel.identity.rights import Role
from ferry.kernel.jobs import services as jobs
from ferry.kernel.jobs.errors import LeaseLost

pytestmark = pytest.mark.usefixtures("small_floor")


@pytest.fixture
def predicted(world):
    """Trained and scored."""
    world.past()
    world.defines(high_from=60, medium_from=40)
    assert world.works() == 1
    return world


def test_a_history_becomes_scores_bands_reasons_and_a_segment(predicted):
    world = predicted
    (model,), (run,) = world.models(), world.runs()
    assert model.fallback is None
    assert model.quality["auc"] > 0.7
    assert set(model.baselines) == {"recency", "rfm"}
    assert all(day <= (model.as_of - timedelta(days=7)).isoformat() for day in model.snapshots)
    assert run.users == sum(run.counts.values()) == sum(run.histogram) > 100
    scores = list(selectors.scores(world.workspace, world.host_app.pk))
    assert [row.probability for row in scores] == sorted((row.probability for row in scores), reverse=True)
    assert {row.band for row in scores if row.score >= 60} <= {"high"}
    assert all(len(row.reasons) <= 3 for row in scores)
    assert word(scores[0].reasons[0])
    high = set(selectors.band_users(world.workspace, world.host_app.pk, "high"))
    assert high == {row.user for row in scores if row.band == "high"}
    segment = services.segment_of_band(actor=world.operator, host_app_id=world.host_app.pk, band="high")
    assert segments.members(segment) == high
    assert segment.kind == "prediction"
    assert "churn.trained" in {entry.action for entry in audit.entries(world.workspace)}


def test_the_segment_serves_a_release_and_follows_the_next_scoring(predicted):
    world = predicted
    segment = services.segment_of_band(actor=world.operator, host_app_id=world.host_app.pk, band="high")
    leaving = min(segments.members(segment))
    world.add_device("proven", user=leaving, verified=True)
    world.add_device("claims", user=leaving)
    world.add_device("stays", user="somebody", verified=True)
    world.release("1.0.0", share=100, segments=[segment.pk])
    assert world.devices_on("1.0.0") == {"proven"}
    with clock.frozen(clock.now() + timedelta(days=20)):
        world.works(train=False)  # nobody was there for 20 days: the population is empty
        assert world.devices_on("1.0.0") == set()
    again = services.segment_of_band(actor=world.operator, host_app_id=world.host_app.pk, band="high")
    assert again.pk == segment.pk
    with pytest.raises(SegmentInvalid):
        segment_services.update_segment(actor=world.operator, segment=again, add=["me"])
    assert segment_services.update_segment(actor=world.operator, segment=again, name="Leaving").name == "Leaving"


def test_a_second_tick_does_nothing_and_the_next_day_scores_again(predicted):
    world = predicted
    assert world.works() == 0
    with clock.frozen(clock.now() + timedelta(days=1)):
        assert world.works() == 1
        assert world.works() == 0
        assert len(world.models()) == 1
        (run,) = world.runs()
        assert run.snapshot == clock.now().date()
        assert set(ChurnScore.objects.of(world.workspace).values_list("run_id", flat=True)) <= {run.pk}
    with clock.frozen(clock.now() + timedelta(days=8)):
        assert world.works() == 1
        assert len(world.models()) == 2


def test_a_changed_definition_trains_anew_and_the_same_one_does_not(predicted):
    world = predicted
    world.defines(high_from=60, medium_from=40)
    assert working.due() == []
    world.defines(high_from=60, medium_from=40, active_days=14)
    assert world.works() == 1
    assert world.models()[-1].definition["active_days"] == 14
    world.defines(active=False)
    assert selectors.run(world.workspace, world.host_app.pk) is None
    assert list(selectors.band_users(world.workspace, world.host_app.pk, "high")) == []
    assert world.works() == 0


def test_a_fill_that_was_cut_off_is_made_good_by_the_next_tick(predicted, monkeypatch):
    world = predicted
    segment = services.segment_of_band(actor=world.operator, host_app_id=world.host_app.pk, band="high")
    before = segments.members(segment)
    with clock.frozen(clock.now() + timedelta(days=1)):
        with monkeypatch.context() as patched:
            patched.setattr(working.predictions, "refill", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                world.works()
        assert world.works() == 1
        assert world.works() == 0
    segment.refresh_from_db(from_queryset=type(segment).objects.of(world.workspace))
    high = set(selectors.band_users(world.workspace, world.host_app.pk, "high"))
    assert segments.members(segment) == high != before


def test_switched_off_empties_its_segments(predicted):
    world = predicted
    segment = services.segment_of_band(actor=world.operator, host_app_id=world.host_app.pk, band="high")
    assert segment.list_size
    world.defines(active=False)
    segment.refresh_from_db(from_queryset=type(segment).objects.of(world.workspace))
    assert (segment.list_size, segments.members(segment)) == (0, frozenset())


def test_somebody_asks_for_training(predicted):
    world = predicted
    with pytest.raises(NotAllowed):
        services.request_training(actor=world.person(Role.DEVELOPER), host_app_id=world.host_app.pk)
    services.request_training(actor=world.operator, host_app_id=world.host_app.pk)
    assert world.works() == 1
    assert len(world.models()) == 2
    with pytest.raises(NotPredicting):
        services.request_training(actor=world.operator, host_app_id=world.host("Second").pk)


def test_a_band_that_is_off_targets_nobody(predicted):
    world = predicted
    segment = services.segment_of_band(actor=world.operator, host_app_id=world.host_app.pk, band="high")
    (model,) = world.models()
    model.bands["high"]["on"] = False
    model.save(update_fields=["bands"])
    assert list(selectors.band_users(world.workspace, world.host_app.pk, "high")) == []
    working.fill_segments(ChurnSetting.objects.of(world.workspace).select_related("workspace").get())
    segment.refresh_from_db(from_queryset=type(segment).objects.of(world.workspace))
    assert segments.members(segment) == frozenset()


def test_a_model_that_somebody_has_touched_is_not_opened(predicted, monkeypatch):
    world = predicted
    (model,) = world.models()
    keeping.unpack(model)
    monkeypatch.setattr(keeping.pickle, "loads", lambda _: pytest.fail("it was opened"))
    for change in (
        {"blob": b"x" + bytes(model.blob)},
        {"seal": "0" * 64},
        {"host_app_id": "z" * 26},
        {"library": "1/0"},
    ):
        touched = ChurnModel.objects.of(world.workspace).get()
        for name, value in change.items():
            setattr(touched, name, value)
        with pytest.raises(ModelUnusable, match="seal"):
            keeping.unpack(touched)
    monkeypatch.setattr(keeping, "library", lambda: "1/99.0")
    with pytest.raises(ModelUnusable, match=r"99\.0"):
        keeping.unpack(model)
    with clock.frozen(clock.now() + timedelta(days=1)):
        world.works(train=False)
        row = ChurnSetting.objects.of(world.workspace).get()
        assert row.problem == {"code": "model_unusable"}
        assert row.train_after <= clock.now()


def test_a_worker_whose_lease_was_taken_writes_nothing_more(predicted):
    world = predicted
    row = ChurnSetting.objects.of(world.workspace).select_related("workspace").get()
    held = jobs.acquire("churn.test", 60)
    assert held is not None
    with clock.frozen(clock.now() + timedelta(days=1)):
        assert jobs.acquire("churn.test", 60) is not None
        before = world.fingerprint()
        for work in (working.train_one, working.score_one):
            with pytest.raises(LeaseLost):
                work(row, held)
        assert world.fingerprint() == before


def test_a_run_that_was_cut_off_is_never_shown_and_is_swept(predicted, monkeypatch):
    world = predicted
    shown = selectors.run(world.workspace, world.host_app.pk)
    monkeypatch.setattr(working, "BATCH", 50)
    insert, calls = ChurnScore.objects.insert, []

    def dies(rows, **options):
        calls.append(len(rows))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return insert(rows, **options)

    with clock.frozen(clock.now() + timedelta(hours=30)):
        with monkeypatch.context() as patched:
            patched.setattr(ChurnScore.objects, "insert", dies)
            with pytest.raises(KeyboardInterrupt):
                world.works(train=False)
        assert selectors.run(world.workspace, world.host_app.pk) == shown
        assert len(world.runs()) == 2
        assert world.works(train=False) == 1
        (run,) = world.runs()
        assert run.done
        assert run.users == ChurnScore.objects.of(world.workspace).count()


def test_too_little_history_is_told_and_a_rule_stands_in(world):
    world.defines()
    assert world.works() == 1
    row = ChurnSetting.objects.of(world.workspace).get()
    assert row.problem == {"code": "no_events"}
    world.past(users=40, days=30)
    services.request_training(actor=world.operator, host_app_id=world.host_app.pk)
    world.works()
    (model,) = world.models()
    assert model.name == "recency"
    assert model.fallback["code"] == "few_examples"
    states = {state.band: state.on for state in selectors.bands(world.workspace, world.host_app.pk)}
    assert states == {"high": False, "medium": False, "low": True}
    assert selectors.scores(world.workspace, world.host_app.pk).exists()


@pytest.mark.parametrize(
    "wrong",
    [{"inactive_days": 0}, {"high_from": 40}, {"activity_events": ["push_received"]}, {"active_days": 999}],
)
def test_a_definition_that_cannot_be_is_refused(world, wrong):
    with pytest.raises(DefinitionRefused):
        world.defines(**wrong)
