"""Segments by hand: rules in the editor, lists as lines and files, what uses them, and two people at once."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from analytics.segments import selectors, services
from analytics.segments.models import Segment
from ferry.kernel.identity.rights import Role
from ferry.kernel.publishing import sets
from tests.console.desk import Desk


@pytest.fixture
def operator(desk: Desk) -> Client:
    return desk.as_(Role.OPERATOR)


def only(desk: Desk) -> Segment:
    return selectors.segments(desk.workspace).get()


def text(answer) -> str:
    return answer.content.decode()


def change(desk: Desk, client: Client, segment: Segment, **fields):
    """Send the form of a segment's page as it was shown, with these fields changed."""
    shown = {"name": segment.name, "description": segment.description, "seen": segment.updated_at.isoformat()}
    return client.post(desk.url("segment-change", segment.pk), {**shown, **fields})


def test_rules_are_made_shown_changed_and_reach_devices(desk: Desk, operator: Client):
    desk.checked_in()
    rows = {"condition_name": "platform", "condition_operator": "IN", "condition_values": "android, ios"}
    made = operator.post(desk.url("segment-new"), {"name": "Phones", "kind": "rules", **rows})
    segment = only(desk)
    assert made.url == desk.url("segment", segment.pk)
    assert segment.constraints == [{"contextName": "platform", "operator": "IN", "values": ["android", "ios"]}]
    page = text(operator.get(made.url))
    assert "android, ios" in page
    assert "No open release and no campaign" in page
    reach = text(operator.get(desk.url("segment-reach", segment.pk), {"host_app": desk.world.host_app.pk}))
    assert "60 devices belong" in reach

    change(desk, operator, segment, **{**rows, "condition_values": "web"})
    assert only(desk).constraints[0]["values"] == ["web"]
    reach = text(operator.get(desk.url("segment-reach", segment.pk), {"host_app": desk.world.host_app.pk}))
    assert "0 devices belong" in reach


def test_lists_come_as_lines_and_as_files_and_are_never_shown(desk: Desk, operator: Client):
    file = SimpleUploadedFile("ids.txt", "\ufeffben\r\ncarl\n\n".encode(), "text/plain")
    operator.post(
        desk.url("segment-new"),
        {"name": "Crew", "kind": "list", "field": "userId", "members": "ann\nben", "file": file},
    )
    segment = only(desk)
    assert selectors.members(segment) == {"ann", "ben", "carl"}
    change(desk, operator, segment, add="dora", remove="ann")
    assert selectors.members(only(desk)) == {"ben", "carl", "dora"}
    assert "carl" not in text(operator.get(desk.url("segment", segment.pk)))
    change(desk, operator, only(desk), file=SimpleUploadedFile("new.txt", b"eve\n", "text/plain"))
    assert selectors.members(only(desk)) == {"eve"}
    change(desk, operator, only(desk), name="The crew")
    assert (only(desk).name, selectors.members(only(desk))) == ("The crew", {"eve"}), "an untouched list stays"


def test_what_cannot_be_is_refused_in_words_and_keeps_what_was_typed(
    desk: Desk, operator: Client, monkeypatch: pytest.MonkeyPatch
):
    address = desk.url("segment-new")
    empty = operator.post(address, {"name": "Nobody", "kind": "rules"})
    assert (empty.status_code, "without constraints everybody would belong" in text(empty)) == (400, True)
    rows = {"condition_name": "level", "condition_operator": "NUM_GT", "condition_values": "many"}
    wrong = operator.post(address, {"name": "Many", "kind": "rules", **rows})
    assert (wrong.status_code, "nothing that this operator can compare with" in text(wrong)) == (400, True)
    assert 'value="many"' in text(wrong)
    binary = SimpleUploadedFile("ids.txt", b"\xff\xfe\x00", "text/plain")
    wrong = operator.post(address, {"name": "Bytes", "kind": "list", "file": binary})
    assert (wrong.status_code, "no UTF-8 text" in text(wrong)) == (400, True)
    monkeypatch.setattr(sets, "MOST", 2)
    many = SimpleUploadedFile("ids.txt", b"a\nb\nc\n", "text/plain")
    wrong = operator.post(address, {"name": "Many", "kind": "list", "file": many})
    assert (wrong.status_code, "more than 2 lines" in text(wrong)) == (400, True)
    turned = operator.post(address, {"name": "gp\u202ej.exe", "kind": "rules", **rows})
    assert (turned.status_code, "turn the direction of text" in text(turned)) == (400, True)
    assert not selectors.segments(desk.workspace).exists()


def test_a_change_that_somebody_else_has_overtaken_is_refused(desk: Desk, operator: Client):
    seen = services.create_segment(actor=desk.world.operator, name="Crew", members=["ann"])
    services.update_segment(actor=desk.world.operator, segment=seen, description="All aboard")
    late = change(desk, operator, seen, name="Team")
    assert (late.status_code, "Somebody else has changed the segment" in text(late)) == (400, True)
    assert (only(desk).name, only(desk).description) == ("Crew", "All aboard")


def test_conditions_keep_what_the_editor_does_not_set(desk: Desk, operator: Client):
    turned = {"contextName": "locale", "operator": "STR_STARTS_WITH", "values": ["zh"], "inverted": True}
    segment = services.create_segment(actor=desk.world.operator, name="Others", constraints=[turned])
    page = text(operator.get(desk.url("segment", segment.pk)))
    assert "turned round" in page
    assert 'name="condition_flags" value="inverted"' in page
    rows = {"condition_name": "locale", "condition_operator": "STR_STARTS_WITH", "condition_values": "zh"}
    change(desk, operator, segment, **rows, condition_flags="inverted", description="Abroad")
    assert (only(desk).constraints, only(desk).description) == ([turned], "Abroad")


@pytest.mark.parametrize(
    "odd",
    [
        {"contextName": "model", "operator": "IN", "values": ["a, b"]},
        {"contextName": "host_version", "operator": "VERSION_GT", "value": "6.0"},
    ],
)
def test_conditions_that_the_editor_cannot_show_are_left_alone(desk: Desk, operator: Client, odd):
    segment = services.create_segment(actor=desk.world.operator, name="Odd", constraints=[odd])
    page = text(operator.get(desk.url("segment", segment.pk)))
    assert "cannot show whole" in page
    assert 'id="conditions"' not in page
    change(desk, operator, segment, name="Even")
    assert (only(desk).name, only(desk).constraints) == ("Even", [odd])


def test_a_segment_in_use_says_by_what_and_stays(desk: Desk, operator: Client):
    segment = services.create_segment(actor=desk.world.operator, name="Crew", members=["ann"])
    release = desk.world.release("1.0.0", share=50, segments=[segment.pk])
    page = text(operator.get(desk.url("segment", segment.pk)))
    assert "the release of" in page
    kept = operator.post(desk.url("segment-delete", segment.pk), follow=True)
    assert "The segment is used by" in text(kept)
    assert desk.url("segment", segment.pk) in text(operator.get(desk.program_url("release", release.pk)))
    desk.world.roll_back(release)
    gone = operator.post(desk.url("segment-delete", segment.pk), follow=True)
    assert "is deleted" in text(gone)
    assert not selectors.segments(desk.workspace).exists()


def test_who_may_not_and_who_is_elsewhere(desk: Desk, operator: Client):
    segment = services.create_segment(actor=desk.world.operator, name="Crew", members=["ann"])
    developer = desk.as_(Role.DEVELOPER)
    assert "Change it" not in text(developer.get(desk.url("segment", segment.pk)))
    assert change(desk, developer, segment, name="Mine").status_code == 403
    assert developer.post(desk.url("segment-delete", segment.pk)).status_code == 403
    other = Desk.make("Elsewhere")
    for name in ("segment", "segment-reach", "segment-change", "segment-delete"):
        address = other.url(name, segment.pk)
        answer = other.admin.get(address) if name in ("segment", "segment-reach") else other.admin.post(address)
        assert (name, answer.status_code) == (name, 404)
    assert only(desk).name == "Crew"


def test_the_log_names_who_and_never_the_people_on_a_list(desk: Desk, operator: Client):
    operator.post(desk.url("segment-new"), {"name": "Crew", "kind": "list", "field": "userId", "members": "ann"})
    from ferry.kernel.audit import selectors as audit

    [entry] = audit.entries(desk.workspace, target_kind="segment", target_id=only(desk).pk)
    assert entry.actor_name == desk.account(Role.OPERATOR).name
    assert "ann" not in json.dumps(entry.after)
