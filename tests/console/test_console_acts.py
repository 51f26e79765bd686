"""What people do at the console, from upload to roll-back; nothing is done without a right or the form's token."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver, reverse

from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.rights import Role
from miniapps import selectors
from tests.console.desk import Desk
from tests.world import PAGE, make_zip

RANGE = {"android_min": "6.0.0", "ios_min": "6.0.0", "ios_max": "7.0.0"}


def upload(desk: Desk, client: Client, files: dict[str, bytes], **more: object):
    archive = SimpleUploadedFile("build.zip", make_zip(files).read(), content_type="application/zip")
    return client.post(desk.program_url("upload"), {"archive": archive, **RANGE, **more})


def newest(desk: Desk):
    return selectors.versions(desk.workspace, desk.world.program).first()


def text_of(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def test_a_version_goes_from_the_developer_to_the_devices_and_back(desk: Desk):
    developer, reviewer, operator = (desk.as_(role) for role in (Role.DEVELOPER, Role.REVIEWER, Role.OPERATOR))
    app = desk.world.host_app
    desk.world.release("1.0.0")

    answer = upload(desk, developer, {"index.html": PAGE, "js/app.js": b"1"}, name="2.0.0")
    version = newest(desk)
    assert answer.url == desk.program_url("version", version.pk)
    assert version.host_range == {"android": {"min": "6.0.0", "max": None}, "ios": {"min": "6.0.0", "max": "7.0.0"}}

    developer.post(desk.program_url("submit", version.pk, app.pk))
    assert "Waiting for review" in text_of(developer, answer.url)
    assert "2.0.0" in text_of(reviewer, desk.url("overview"))
    reviewer.post(desk.program_url("approve", version.pk, app.pk))
    assert "approved for" in text_of(operator, desk.url("overview"))

    plan = {"kind": "gray", "share": "20", "stickiness": "deviceId", "apply": "next_open", "network": "any"}
    started = operator.post(desk.program_url("release-new", version.pk, app.pk), plan)
    release = selectors.releases(desk.workspace, program=desk.world.program).first()
    assert started.url == desk.program_url("release", release.pk)
    assert 0 < len(desk.world.devices_on("2.0.0")) < 40

    act = lambda name, **data: operator.post(desk.program_url("release-act", release.pk, name), data)  # noqa: E731
    act("share", share="50.55")
    assert selectors.release(desk.workspace, release.pk).share == 5055
    act("pause")
    assert "Paused" in text_of(operator, started.url)
    act("resume")
    act("roll-back")
    assert selectors.release(desk.workspace, release.pk).state == "running", "a roll-back needs a reason"
    act("roll-back", reason="Tickets fail.")
    assert desk.world.devices_on("2.0.0") == set()
    page = text_of(operator, started.url)
    assert "Tickets fail." in page
    assert "Raised from 20% to 50.55%" in page


def test_nobody_decides_about_their_own_upload(desk: Desk):
    everything = desk.as_(Role.DEVELOPER, Role.REVIEWER)
    upload(desk, everything, {"index.html": PAGE}, name="2.0.0")
    version, app = newest(desk), desk.world.host_app
    everything.post(desk.program_url("submit", version.pk, app.pk))
    page = text_of(everything, desk.program_url("version", version.pk))
    assert "somebody else has to decide" in page
    assert "Approve" not in page
    everything.post(desk.program_url("approve", version.pk, app.pk))
    assert selectors.reviews(desk.workspace, version=version).get().state == "submitted"


def test_a_refused_package_comes_back_with_what_to_do(desk: Desk):
    developer = desk.as_(Role.DEVELOPER)
    answer = upload(desk, developer, {"../escape.html": PAGE, "index.html": PAGE})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "The package was refused" in page
    assert "../escape.html" in page
    assert "Zip with plain names." in page
    assert newest(desk) is None
    broken = developer.post(desk.program_url("upload"), {**RANGE})
    assert broken.status_code == 400


def test_a_script_that_uploads_is_told_where_to_go(desk: Desk):
    archive = SimpleUploadedFile("build.zip", make_zip({"index.html": PAGE}).read())
    answer = desk.as_(Role.DEVELOPER).post(
        desk.program_url("upload"), {"archive": archive, **RANGE}, headers={"X-Requested-With": "XMLHttpRequest"}
    )
    assert (answer.status_code, answer["X-Ferry-Location"]) == (201, desk.program_url("version", newest(desk).pk))


def test_a_typed_share_that_is_none_changes_nothing(busy: Desk):
    release = selectors.releases(busy.workspace, state="running").filter(kind="gray").get()
    operator = busy.as_(Role.OPERATOR)
    for typed in ("", "many", "-1", "100.01", "1e9", "0.001", "NaN"):
        answer = operator.post(busy.program_url("release-act", release.pk, "share"), {"share": typed}, follow=True)
        assert "a share is a whole number" in answer.content.decode()
    assert selectors.release(busy.workspace, release.pk).share == 2500


@pytest.mark.django_db(transaction=True)
def test_dry_run_counts_what_the_release_then_does(busy: Desk):
    operator = busy.as_(Role.OPERATOR)
    busy.checked_in()
    gray = selectors.releases(busy.workspace, state="running").filter(kind="gray").get()
    before = busy.world.devices_on("2.0.0")
    answer = operator.post(busy.program_url("release-dry-run", gray.pk), {"share": "60"})
    busy.world.raise_to(gray, 60)
    after = busy.world.devices_on("2.0.0")
    assert before < after
    assert f"{len(after)} devices would get it" in answer.content.decode()
    assert f"{len(after) - len(before)} would change version" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_dry_run_of_a_release_keeps_those_whom_it_names(busy: Desk):
    operator = busy.as_(Role.OPERATOR)
    busy.world.observe()
    named = sorted(device.id for device in busy.world.devices.values())[:3]
    release = busy.world.release("2.0.0", share=0, devices=named)
    answer = operator.post(busy.program_url("release-dry-run", release.pk), {"share": "0"})
    assert "3 devices would get it" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_conditions_named_devices_and_dates_reach_the_release(busy: Desk):
    operator, version, app = busy.as_(Role.OPERATOR), busy.world.version("2.0.0"), busy.world.host_app
    plan = {
        "kind": "gray", "share": "5", "stickiness": "deviceId", "apply": "at_once", "network": "wifi",
        "condition_name": ["platform", "", "host_version"],
        "condition_operator": ["IN", "IN", "SEMVER_GTE"],
        "condition_values": ["android, ios", "", "6.1.0"],
        "devices": "device-00001\n\n device-00002 \n",
        "ends_at": "2031-05-01T12:00",
        "note": "May",
    }  # fmt: skip
    tried = operator.post(busy.program_url("dry-run", version.pk, app.pk), plan)
    assert "No device has checked in yet" in tried.content.decode()
    operator.post(busy.program_url("release-new", version.pk, app.pk), plan)
    release = selectors.releases(busy.workspace, program=busy.world.program).first()
    assert release.conditions == [
        {"contextName": "platform", "operator": "IN", "values": ["android", "ios"]},
        {"contextName": "host_version", "operator": "SEMVER_GTE", "value": "6.1.0"},
    ]
    assert (release.allowlist_devices_count, release.apply, release.network) == (2, "at_once", "wifi")
    assert release.ends_at.isoformat() == "2031-05-01T12:00:00+00:00"
    assert "host_version" in text_of(operator, busy.program_url("release", release.pk))


def test_a_plan_that_cannot_be_comes_back_as_typed(busy: Desk):
    operator, version, app = busy.as_(Role.OPERATOR), busy.world.version("2.0.0"), busy.world.host_app
    plan = {"kind": "trial", "stickiness": "deviceId", "apply": "next_open", "network": "any", "note": "for the board"}
    answer = operator.post(busy.program_url("release-new", version.pk, app.pk), plan)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "a trial needs users, devices, segments, conditions or invitations" in page
    assert "for the board" in page


@pytest.mark.django_db(transaction=True)
def test_plan_and_reality_stand_beside_each_other(busy: Desk):
    busy.checked_in()
    on_new = len(busy.world.devices_on("2.0.0"))
    gray = selectors.releases(busy.workspace, state="running").filter(kind="gray").get()
    page = text_of(busy.as_(Role.OPERATOR), busy.program_url("release", gray.pk))
    assert f"{on_new} devices" in page
    assert "plan 25%" in page
    # Whoever changes the release elsewhere makes this page reload.
    live = busy.program_url("release-live", gray.pk)
    unchanged = busy.admin.get(live, {"seen": int(gray.changed_at.timestamp())})
    assert "HX-Refresh" not in unchanged
    assert busy.admin.get(live, {"seen": "1"})["HX-Refresh"] == "true"


@pytest.mark.django_db(transaction=True)
def test_explaining_a_device_is_written_down(busy: Desk):
    busy.checked_in()
    app = busy.world.host_app
    operator = busy.as_(Role.OPERATOR)
    page = text_of(operator, busy.program_url("explain", app.pk) + "?device=device-00001")
    assert "Bucket" in page
    assert "It gets" in page
    assert "There is no such device" in text_of(operator, busy.program_url("explain", app.pk) + "?device=%00")
    log = text_of(busy.as_(Role.AUDITOR), busy.url("audit"))
    assert "device.viewed" in log
    assert "The chain holds" in text_of(busy.as_(Role.AUDITOR), busy.url("audit-chain"))


def test_secrets_are_shown_once(desk: Desk):
    admin, app = desk.admin, desk.world.host_app
    made = admin.post(desk.url("key-server", app.pk), {"name": "account service"}).content.decode()
    secret = made.split('id="secret" value="')[1].split('"')[0]
    assert secret.startswith("fs_")
    assert secret not in text_of(admin, desk.url("app", app.pk))
    key = identity.host_app_keys(app).get(name="account service")
    admin.post(desk.url("key-revoke", app.pk, key.pk))
    assert "Revoked" in text_of(admin, desk.url("app", app.pk))
    token = admin.post(desk.url("token-new"), {"name": "CI", "roles": ["developer"], "days": "30"}).content.decode()
    assert 'value="ft_' in token
    assert 'value="ft_' not in text_of(admin, desk.url("tokens"))
    member = admin.post(desk.url("member-new"), {"email": "n@x.example", "name": "Nia", "roles": ["analyst"]})
    assert "The one-time password of Nia" in member.content.decode()


def test_host_app_settings_reach_the_snapshot(desk: Desk):
    app = desk.world.host_app
    settings = {
        "name": "Harbour Go", "platforms": ["ios", "web"], "cors_origins": "https://a.example\nhttps://b.example",
        "check_interval_s": "600", "checkins_per_second": "500", "consent": "required", "active": "on",
    }  # fmt: skip
    desk.admin.post(desk.url("app-settings", app.pk), settings)
    fresh = identity.host_app(desk.workspace, app.pk)
    assert (fresh.name, fresh.check_interval_s, fresh.consent) == ("Harbour Go", 600, "required")
    assert fresh.cors_origins == ["https://a.example", "https://b.example"]
    refused = desk.admin.post(desk.url("app-settings", app.pk), {**settings, "cors_origins": "ftp://a.example"})
    assert refused.status_code == 400
    assert "no origin such as" in refused.content.decode()


def test_withdrawing_closes_it_everywhere_and_restoring_opens_it(busy: Desk):
    operator, app = busy.as_(Role.OPERATOR), busy.world.host_app
    operator.post(busy.program_url("program-withdraw", app.pk), {"message": "Back on Monday."})
    assert busy.world.devices_on("1.0.0") == set()
    assert "Back on Monday." in text_of(operator, busy.program_url("program"))
    operator.post(busy.program_url("program-restore", app.pk))
    assert busy.world.devices_on("1.0.0") != set()


def test_what_people_typed_is_never_markup(desk: Desk):
    evil = "<img src=x onerror=alert(1)>\"'{{ 7|add:7 }}"
    developer = desk.as_(Role.DEVELOPER)
    developer.post(desk.url("program-new"), {"name": evil, "description": evil, "category": evil, "order": "0"})
    page = text_of(developer, desk.url("programs"))
    assert "&lt;img src=x" in page
    assert "<img src=x" not in page
    log = text_of(desk.as_(Role.AUDITOR), desk.url("audit") + "?action=%3Cscript%3E")
    assert "<script>" not in log.replace("<script src", "")


def test_no_post_without_the_forms_token(busy: Desk):
    """CSRF: a POST from another page is refused before any view runs, on every address there is."""
    console = next(part for part in get_resolver().url_patterns if getattr(part, "app_name", "") == "console")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(busy.account(Role.ADMIN), backend="ferry.kernel.identity.backends.LocalAccountBackend")
    row = "0" * 26
    for name, needs in _addresses(console):
        given = {
            "slug": busy.workspace.slug, "program_id": busy.world.program.program_id,
            "sha256": row, "device_id": row, "app_id": busy.world.host_app.pk,
        }  # fmt: skip
        given["act"] = {"campaign-act": "stop", "secret-freeze": "freeze", "permission-act": "grant"}.get(name, "pause")
        given["purpose"] = "package"
        address = reverse(f"console:{name}", kwargs={key: given.get(key, row) for key in needs})
        answer = strict.post(address)
        assert (name, answer.status_code) == (name, 403)
        assert "The form has expired" in answer.content.decode()


def _addresses(part, needs: frozenset[str] = frozenset()) -> Iterator[tuple[str, frozenset[str]]]:
    for child in part.url_patterns:
        names = needs | frozenset(child.pattern.regex.groupindex)
        if hasattr(child, "url_patterns"):
            yield from _addresses(child, names)
        else:
            yield child.name, names


def test_a_package_that_came_in_pieces_becomes_a_version(desk):
    client = desk.as_(Role.DEVELOPER)
    raw = make_zip({"index.html": PAGE}).read()
    tus = {"Tus-Resumable": "1.0.0"}
    begun = client.post(desk.url("uploads"), headers={**tus, "Upload-Length": str(len(raw))})
    assert begun.status_code == 201
    for offset in (0, 10):
        piece = raw[:10] if offset == 0 else raw[10:]
        sent = client.patch(
            begun["Location"],
            piece,
            content_type="application/offset+octet-stream",
            headers={**tus, "Upload-Offset": str(offset)},
        )
        assert sent.status_code == 204
    assert client.head(begun["Location"], headers=tus)["Upload-Offset"] == str(len(raw))
    made = client.post(desk.program_url("upload"), {"upload": begun["Location"].rpartition("/")[2], **RANGE})
    assert made.status_code == 302, made.content
    assert desk.as_(Role.ADMIN).head(begun["Location"], headers=tus).status_code == 404
    lacking = client.post(desk.program_url("upload"), RANGE)
    assert lacking.status_code == 400
    refused = desk.as_(Role.REVIEWER).post(desk.url("uploads"), headers={**tus, "Upload-Length": "5"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_allowed")


def test_no_form_takes_text_that_turns_its_direction(busy: Desk):
    """U+202E shows other words than the text holds; the API refuses it in every field, and so does every form."""
    release, operator = busy.gray(), busy.as_(Role.OPERATOR)
    address = busy.program_url("release-act", release.pk, "pause")
    refused = operator.post(address, {"reason": "safe \u202eexe.gpj"})
    assert (refused.status_code, "turn the direction of text" in refused.content.decode()) == (400, True)
    assert selectors.release(busy.workspace, release.pk).state == "running"
    assert operator.post(address, {"reason": "\u200fשלום"}, follow=True).status_code == 200
    assert selectors.release(busy.workspace, release.pk).state == "paused"
