"""What an upload makes: a version with its package, its codes and its icon, or nothing but a report."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from PIL import Image

from ferry.kernel import clock
from ferry.kernel.audit import selectors as audit
from ferry.kernel.errors import Invalid, NotAllowed
from ferry.kernel.storage import blobs
from miniapps import selectors, services
from miniapps.errors import (
    HostRangeInvalid,
    HostRangeMissing,
    PackageRefused,
    PluginVersionName,
    ProgramExists,
    ProgramInvalid,
    VersionExists,
)
from tests.world import PAGE, RANGE, make_zip


def picture(size=(512, 512), kind="PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind)
    return out.getvalue()


def upload(world, files, **values):
    return services.upload_version(
        actor=world.developer, program=world.program, archive=make_zip(files), **{"host_range": RANGE, **values}
    )


def test_codes_grow_by_themselves_or_as_the_developer_says(world):
    assert [world.upload(name).code for name in ("1.0.0", "1.1.0")] == [1, 2]
    assert world.upload("2.0.0", code=20260101).code == 20260101
    assert world.upload("2.0.1").code == 20260102
    with pytest.raises(VersionExists) as refused:
        world.upload("1.2.0", code=3)
    assert refused.value.details == {"version_code": 3, "newest": 20260102}


def test_the_stored_blob_is_the_package(world):
    version = world.upload("1.0.0")
    with blobs().open(version.sha256) as file:
        raw = file.read()
    assert len(raw) == version.size
    assert {path: raw[offset : offset + size] for path, offset, size, _ in version.files}["index.html"] == PAGE


def test_what_the_request_leaves_out_comes_from_the_manifest(world):
    about = {"version": "3.1.4", "notes": "Faster.", "host_range": {"ios": {"min": "6.1"}}, "min_runtime": "2.0"}
    files = {"index.html": PAGE, "ferry.json": json.dumps(about).encode()}
    version = upload(world, files, host_range=None)
    assert (version.name, version.notes, version.min_runtime) == ("3.1.4", "Faster.", "2.0")
    assert version.host_range == {"ios": {"min": "6.1", "max": None}}
    other = upload(world, files, name="3.1.5", notes="Faster still.", host_range={"web": {"min": "1", "max": "2"}})
    assert (other.name, other.notes, other.host_range) == ("3.1.5", "Faster still.", {"web": {"min": "1", "max": "2"}})


@pytest.mark.parametrize(
    ("host_range", "error"),
    [
        (None, HostRangeMissing),
        ({}, HostRangeMissing),
        ({"android": {}}, HostRangeInvalid),
        ({"android": {"max": "7.0"}}, HostRangeInvalid),
        ({"android": {"min": "seven"}}, HostRangeInvalid),
        ({"android": {"min": "7.0", "max": "6.0"}}, HostRangeInvalid),
        ({"symbian": {"min": "1.0"}}, HostRangeInvalid),
    ],
)
def test_a_host_range_is_required_and_has_a_minimum(world, host_range, error):
    before = world.fingerprint()
    with pytest.raises(error):
        upload(world, {"index.html": PAGE}, host_range=host_range)
    assert world.fingerprint() == before


def test_a_refused_package_leaves_nothing_but_its_report(world):
    before = world.fingerprint()
    with pytest.raises(PackageRefused) as refused:
        upload(world, {"index.html": PAGE, "../evil": b"x"})
    assert world.fingerprint() == before
    assert "../evil" in str(refused.value)
    assert refused.value.details["report"]["errors"][0]["code"] == "name_traversal"


@pytest.mark.parametrize(
    ("values", "error"),
    [({"name": "x" * 65}, Invalid), ({}, PluginVersionName), ({"name": "1.4.0", "host_range": None}, HostRangeMissing)],
)
def test_what_is_refused_stores_no_file(world, values, error):
    upload(world, {"index.html": PAGE})
    before = stored()
    files = {"index.js": PAGE, "plugin.json": b"{}", "icon.png": picture((64, 64))}
    with pytest.raises(error):
        upload(world, files, **values)
    assert stored() == before


def test_a_check_too_is_made_beside_the_data(world, tmp_path, monkeypatch):
    """A site's /tmp may be small: what the largest package needs lies where the data lies."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    archive = make_zip({"index.html": PAGE})
    assert services.check_package(actor=world.developer, archive=archive)["accepted"]


def stored() -> set[str]:
    return {path.name for path in Path(settings.FERRY_BLOB_DIR).rglob("*") if path.is_file()}


def test_codes_end_where_phones_cannot_count_on(world):
    upload(world, {"index.html": PAGE}, code=2**31 - 1)
    with pytest.raises(Invalid, match="2147483647"):
        upload(world, {"index.html": b"more"})


def test_the_same_request_with_a_code_is_answered_twice_and_done_once(world, client):
    head = {"Authorization": f"Bearer {world.token('developer')}", "Idempotency-Key": "seven"}

    archive = make_zip({"index.html": PAGE}).read()  # once: a zip knows when it was made

    def ask() -> Any:
        return client.post(
            f"/api/v1/mini-programs/{world.program.program_id}/versions?code=7&host_range={json.dumps(RANGE)}",
            archive,
            "application/zip",
            headers=head,
        )

    first, second = ask(), ask()
    assert (first.status_code, second.status_code) == (201, 201), second.content
    assert first.json() == second.json()


def test_the_report_says_what_was_done_to_the_package(world):
    version = upload(world, {"dist/index.html": PAGE, "dist/.DS_Store": b"x", "dist/ferry.json": b'{"colour": "red"}'})
    report = selectors.report(selectors.version(world.workspace, version.pk))
    assert [finding["code"] for finding in report["warnings"]] == ["folder_stripped"]
    assert {finding["code"] for finding in report["ignored"]} == {"file_ignored", "member_ignored"}
    assert all(finding["message"] and finding["fix"] for findings in report.values() for finding in findings)


def test_the_first_icon_comes_from_the_package_and_later_ones_do_not_replace_it(world):
    upload(world, {"index.html": PAGE, "icon.png": picture()})
    world.program.refresh_from_db()
    icons = world.program.icons
    assert set(icons) == {"48", "96", "192", "512", "48.webp", "96.webp", "192.webp", "512.webp"}
    with blobs().open(icons["192"]) as file:
        assert Image.open(file).size == (192, 192)
    upload(world, {"index.html": PAGE, "icon.png": picture((64, 64))})
    world.program.refresh_from_db()
    assert world.program.icons == icons


def test_a_picture_that_is_none_is_a_warning(world):
    version = upload(world, {"index.html": PAGE, "icon.png": b"not a picture"})
    assert [finding["code"] for finding in selectors.report(version)["warnings"]] == ["icon_unusable"]
    world.program.refresh_from_db()
    assert world.program.icons == {}


def test_a_live_program_is_renamed_by_who_may_release(world):
    services.update_program(actor=world.developer, program=world.program, name="City Ferry 2")
    world.release("1.0.0")
    with pytest.raises(NotAllowed):
        services.update_program(actor=world.developer, program=world.program, name="Bank")
    services.update_program(actor=world.operator, program=world.program, name="Harbour Ferry")
    assert world.part()["name"] == "Harbour Ferry"


@pytest.mark.parametrize("program_id", ["a/b", "../x", "", "é", "a" * 65, ".hidden", "a..b", "a b", "a\n"])
def test_a_program_id_is_safe_in_addresses(world, program_id):
    if program_id == "":
        made = services.create_program(actor=world.developer, name="Sixteen digits")
        assert len(made.program_id) == 16
        assert made.program_id.isdigit()
        return
    with pytest.raises(ProgramInvalid):
        services.create_program(actor=world.developer, name="Bad", program_id=program_id)


def test_a_program_id_is_taken_once_per_workspace(world):
    with pytest.raises(ProgramExists):
        services.create_program(actor=world.developer, name="Twin", program_id=world.program.program_id)


def test_every_act_is_in_the_audit_log_with_before_and_after(world):
    release = world.release("1.0.0", share=10)
    world.raise_to(release, 20)
    world.raise_to(release, 5)
    world.pause(release)
    world.resume(release)
    world.roll_back(release)
    world.withdraw()
    world.restore()
    told = [entry.action for entry in audit.entries(world.workspace)][::-1]
    acts = [action for action in told if action.split(".")[0] in ("program", "version", "release")]
    assert acts == [
        "program.created",
        "version.uploaded",
        "version.submitted",
        "version.approved",
        "release.started",
        "release.raised",
        "release.lowered",
        "release.paused",
        "release.resumed",
        "release.rolled_back",
        "program.withdrawn",
        "program.restored",
    ]
    raised = next(entry for entry in audit.entries(world.workspace) if entry.action == "release.raised")
    assert json.loads(raised.before)["share"] == 1000
    assert json.loads(raised.after)["share"] == 2000


def test_a_preview_shows_one_version_until_it_expires(world):
    version = world.upload("1.0.0")
    made = services.create_preview(actor=world.reviewer, version=version)
    found = selectors.preview(made.label)
    assert found is not None
    assert (found.sha256, found.entry) == (version.sha256, "index.html")
    assert selectors.preview_url(made).split("//")[1].startswith(made.label)
    assert selectors.preview("a" * 32) is None
    assert selectors.preview("../x") is None
    with clock.frozen(made.expires_at):
        assert selectors.preview(made.label) is None
