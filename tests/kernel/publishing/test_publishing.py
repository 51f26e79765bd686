"""A change and its snapshot are one: there together, or not at all, and only what changed is written."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ferry.kernel import clock
from ferry.kernel.publishing import registry, selectors, services, sets, sweeping, verification
from ferry.kernel.publishing.errors import SetMissing
from ferry.kernel.publishing.models import SnapshotPart, SnapshotVersion
from ferry.kernel.publishing.services import publishing, publishing_workspace, store_set
from tests.kernel.publishing.harbour import make_host_app, make_workspace, part_of, version_of


def test_a_new_host_app_is_published_whole(host_app):
    version, manifest, freshness = selectors.manifest(host_app.pk)
    assert version == 1
    assert manifest.keys() >= {"app:", "keys:"}
    assert json.loads(part_of(host_app, "app:"))["app_key"] == host_app.app_key
    assert freshness["statement"]["version"] == 1


def test_the_parts_of_every_app_enter_the_first_publication(workspace, board):
    board.bodies = {"a": {"text": "one"}, "b": {"text": "two"}}
    host_app = make_host_app(workspace)
    assert json.loads(part_of(host_app, "board:a")) == {"text": "one"}
    assert json.loads(part_of(host_app, "board:b")) == {"text": "two"}


def test_only_the_changed_part_is_rewritten(host_app, board):
    board.bodies = {"a": {"n": 1}, "b": {"n": 1}}
    with publishing(host_app) as publication:
        publication.changed("board", "a")
        publication.changed("board", "b")
    before = selectors.manifest(host_app.pk)[1]
    board.bodies["a"] = {"n": 2}
    board.bodies["b"] = {"n": 99}  # nobody says that it changed, so it is not even built
    with publishing(host_app) as publication:
        publication.changed("board", "a")
    version, after, _ = selectors.manifest(host_app.pk)
    assert version == 3
    assert {name for name in after if after[name] != before[name]} == {"board:a"}


def test_nothing_changed_is_no_new_version(host_app, board):
    with publishing(host_app):
        pass
    with publishing(host_app) as publication:
        publication.changed("app")
        publication.changed("board", "never there")
    assert version_of(host_app) == 1


def test_a_part_that_is_built_to_nothing_leaves_the_manifest(host_app, board):
    board.bodies = {"a": {"n": 1}}
    with publishing(host_app) as publication:
        publication.changed("board", "a")
    board.bodies = {}
    with publishing(host_app) as publication:
        publication.changed("board", "a")
    version, manifest, _ = selectors.manifest(host_app.pk)
    assert version == 3
    assert "board:a" not in manifest


def test_equal_content_is_stored_once_for_all_host_apps(workspace, board):
    board.bodies = {"a": {"same": "everywhere"}}
    one, other = make_host_app(workspace, "One"), make_host_app(workspace, "Other")
    first, second = (selectors.manifest(app.pk)[1]["board:a"]["sha"] for app in (one, other))
    assert first == second


def rename(host_app, also=lambda: None) -> None:
    with publishing(host_app) as publication:
        publication.host_app.name = "Half written"
        publication.host_app.save()
        publication.changed("board", "a")
        also()


def test_a_failure_inside_leaves_nothing(host_app, board):
    board.bodies = {"a": {"n": 1}}
    parts_before = SnapshotPart.objects.count()
    with pytest.raises(ZeroDivisionError):
        rename(host_app, also=lambda: 1 / 0)
    assert version_of(host_app) == 1
    assert services.read_host_app(host_app.pk).name == "Harbour app"
    assert SnapshotPart.objects.count() == parts_before


def test_a_part_that_cannot_be_built_undoes_the_rows_too(host_app, board):
    board.bodies = {"a": {"set of python": {1, 2}}}
    with pytest.raises(ValueError, match="no JSON value"):
        rename(host_app)
    assert services.read_host_app(host_app.pk).name == "Harbour app"
    assert version_of(host_app) == 1


def test_inside_itself_it_joins(host_app, board):
    board.bodies = {"a": {"n": 1}, "b": {"n": 1}}
    with publishing(host_app) as outer:
        outer.changed("board", "a")
        with publishing(host_app) as inner:
            inner.changed("board", "b")
        assert version_of(host_app) == 1
    assert version_of(host_app) == 2
    assert selectors.manifest(host_app.pk)[1].keys() >= {"board:a", "board:b"}


def test_what_fails_in_an_inner_service_and_is_caught_leaves_no_half(host_app, board):
    with publishing(host_app), pytest.raises(ZeroDivisionError):
        rename(host_app, also=lambda: 1 / 0)
    assert services.read_host_app(host_app.pk).name == "Harbour app"


def test_two_host_apps_are_named_together_or_not_at_all(workspace):
    one, other = make_host_app(workspace, "One"), make_host_app(workspace, "Other")
    with publishing(one), pytest.raises(RuntimeError, match="together"), publishing(other):
        pass
    with publishing_workspace(workspace) as publications, publishing(other) as inner:
        assert inner in publications
    with publishing(one):  # the refusal left nothing open
        pass


def test_a_workspace_changes_all_its_host_apps_and_no_others(workspace, board):
    board.bodies = {"a": {"n": 1}}
    own = [make_host_app(workspace, name) for name in ("One", "Other")]
    stranger = make_host_app(make_workspace("Elsewhere"), "Stranger")
    board.bodies = {"a": {"n": 2}}
    with publishing_workspace(workspace) as publications:
        publications.changed("board", "a")
    assert [version_of(app) for app in own] == [2, 2]
    assert version_of(stranger) == 1


def test_an_unknown_kind_is_a_mistake_at_once(host_app):
    with publishing(host_app) as publication, pytest.raises(ValueError, match="registered"):
        publication.changed("no-such-kind")


def test_what_the_caller_loaded_before_the_lock_can_be_read_again(host_app):
    old = services.read_host_app(host_app.pk)
    with publishing(host_app) as publication:
        publication.host_app.name = "Renamed"
        publication.host_app.save()
        assert publication.fresh(old).name == "Renamed"


def test_the_poll_is_one_query_and_tells_versions_apart(host_app, django_assert_num_queries):
    with django_assert_num_queries(1):
        ((host_app_id, version, stamp),) = selectors.versions()
    assert (host_app_id, version) == (host_app.pk, 1)
    assert stamp > 0


def test_a_publish_costs_few_queries(host_app, board, django_assert_max_num_queries):
    board.bodies = {"a": {"n": 1}}
    with django_assert_max_num_queries(12), publishing(host_app) as publication:
        publication.changed("board", "a")


class TestSets:
    def test_a_set_has_one_address_in_any_order(self, db):
        sha = store_set(["zoe", "adam", "zoe", " mia ", ""])
        assert store_set({"mia", "zoe", "adam"}) == sha
        assert sets.decode(selectors.parts([sha])[sha]) == {"adam", "mia", "zoe"}

    def test_an_empty_set_matches_nobody(self, db):
        sha = store_set(["", "  "])
        assert sets.decode(selectors.parts([sha])[sha]) == frozenset()

    @pytest.mark.parametrize("value", ["two\nlines", "tab\there", "\ud800", "x" * 257])
    def test_what_cannot_be_a_line_is_refused(self, db, value):
        with pytest.raises(sets.SetInvalid):
            store_set([value])

    def test_it_is_not_built_while_others_wait(self, host_app):
        with publishing(host_app), pytest.raises(RuntimeError, match="before publishing"):
            store_set(["adam"])

    def test_a_part_may_not_name_a_set_that_is_gone(self, host_app, board):
        board.bodies, board.sets = {"a": {"n": 1}}, {"a": ("0" * 64,)}
        with pytest.raises(SetMissing), publishing(host_app) as publication:
            publication.changed("board", "a")
        assert version_of(host_app) == 1


class TestSweep:
    def sweep_at(self, hour: int, minute: int = 0) -> int:
        with clock.frozen(datetime(2026, 11, 22, hour, minute, tzinfo=UTC)):
            return sweeping.sweep_parts()

    def publish(self, host_app, number: int) -> str:
        with publishing(host_app) as publication:
            self.board.bodies = {"a": {"n": number}}
            publication.changed("board", "a")
        return selectors.manifest(host_app.pk)[1]["board:a"]["sha"]

    @pytest.fixture(autouse=True)
    def _board(self, board) -> None:
        self.board = board

    def test_what_nobody_names_goes_after_an_hour(self, host_app):
        old, new = self.publish(host_app, 1), self.publish(host_app, 2)
        assert self.sweep_at(12) == 0  # an edge may still be loading the manifest of a moment ago
        assert self.sweep_at(12, 59) == 0
        assert self.sweep_at(13) == 1
        assert selectors.parts([old, new]).keys() == {new}
        assert verification.verify_snapshots() == []

    def test_what_is_named_again_starts_a_new_hour(self, host_app):
        old, _ = self.publish(host_app, 1), self.publish(host_app, 2)
        self.sweep_at(12)
        assert self.publish(host_app, 1) == old
        self.sweep_at(13)
        self.publish(host_app, 2)
        assert self.sweep_at(14) == 0
        assert self.sweep_at(15) == 1

    def test_a_named_set_stays_however_old(self, host_app):
        self.board.sets = {"a": (store_set(["adam"]),)}
        self.publish(host_app, 1)
        for hour in (8, 12, 20):
            self.sweep_at(hour)
        assert self.board.sets["a"][0] in selectors.parts(self.board.sets["a"])

    def test_a_set_of_a_draft_stays_while_its_app_holds_it(self, db, monkeypatch):
        draft, forgotten = store_set(["adam"]), store_set(["zoe"])
        monkeypatch.setattr(registry, "HOLDERS", [lambda: [draft]])
        self.sweep_at(8)
        self.sweep_at(20)
        assert selectors.parts([draft, forgotten]).keys() == {draft}

    def test_storing_a_set_again_takes_the_mark_away(self, db):
        sha = store_set(["adam"])
        self.sweep_at(8)
        store_set(["adam"])
        assert self.sweep_at(20) == 0
        assert sha in selectors.parts([sha])


class TestVerification:
    def test_sound_snapshots_have_no_mismatch(self, workspace, board):
        board.bodies = {"a": {"n": 1}}
        make_host_app(workspace, "One"), make_host_app(workspace, "Other")
        assert verification.verify_snapshots() == []

    def test_a_tampered_manifest_is_repaired(self, host_app, board, caplog):
        board.bodies = {"a": {"n": 1}, "b": {"n": 2}, "c": {"n": 3}}
        with publishing(host_app) as publication:
            for key in "abc":
                publication.changed("board", key)
        right = selectors.manifest(host_app.pk)[1]
        wrong = dict(right)
        del wrong["board:a"]
        wrong["board:b"] = right["board:c"]
        wrong["board:d"] = right["board:c"]
        SnapshotVersion.objects.filter(pk=host_app.pk).update(manifest=wrong)

        found = {mismatch.part: mismatch.reason for mismatch in verification.verify_snapshots()}

        assert found == {"board:a": "absent", "board:b": "stale", "board:d": "extra"}
        version, manifest, freshness = selectors.manifest(host_app.pk)
        assert manifest == right
        assert version == 3
        assert freshness["statement"]["version"] == 3
        assert "part board:a was absent" in caplog.text
        assert verification.verify_snapshots() == []

    def test_a_row_written_past_publishing_is_found_and_published(self, host_app):
        type(host_app).objects.of(host_app.workspace).filter(pk=host_app.pk).update(check_interval_s=77)
        (found,) = verification.verify_snapshots()
        assert (found.part, found.reason, found.repaired) == ("app:", "stale", True)
        assert json.loads(part_of(host_app, "app:"))["check_interval_s"] == 77

    @pytest.mark.parametrize(("harm", "reason"), [("damage", "damaged"), ("lose", "missing")])
    def test_bytes_that_broke_are_written_again(self, host_app, harm, reason):
        sha = selectors.manifest(host_app.pk)[1]["app:"]["sha"]
        row = SnapshotPart.objects.filter(pk=sha)
        row.update(body=b"{}") if harm == "damage" else row.delete()
        (found,) = verification.verify_snapshots()
        assert (found.part, found.reason, found.repaired) == ("app:", reason, True)
        assert sets.address(part_of(host_app, "app:")) == sha
        assert version_of(host_app) == 2  # so that an edge which gave up on the part asks again

    def test_a_lost_set_is_reported_and_storing_it_again_mends_it(self, host_app, board):
        board.bodies, board.sets = {"a": {"n": 1}}, {"a": (store_set(["adam"]),)}
        with publishing(host_app) as publication:
            publication.changed("board", "a")
        SnapshotPart.objects.filter(pk__in=board.sets["a"]).update(body=b"eve")
        (found,) = verification.verify_snapshots()
        assert (found.part, found.reason, found.repaired) == ("board:a", "set damaged", False)
        store_set(["adam"])
        assert verification.verify_snapshots() == []

    def test_one_host_app_that_cannot_be_built_does_not_hide_the_others(self, workspace, board):
        one, other = make_host_app(workspace, "One"), make_host_app(workspace, "Other")
        type(one).objects.of(workspace).update(check_interval_s=77)

        def keys(host_app):
            if host_app.pk == one.pk:
                raise ZeroDivisionError
            return []

        registry.KINDS["board"] = registry.Kind(build=board.build, keys=keys)
        found = {mismatch.host_app_id: mismatch.reason for mismatch in verification.verify_snapshots()}
        assert found == {one.pk: "failed", other.pk: "stale"}

    def test_a_kind_that_this_process_does_not_know_is_left_alone(self, host_app, board, monkeypatch):
        board.bodies = {"a": {"n": 1}}
        with publishing(host_app) as publication:
            publication.changed("board", "a")
        monkeypatch.delitem(registry.KINDS, "board")
        assert verification.verify_snapshots() == []
        assert "board:a" in selectors.manifest(host_app.pk)[1]
