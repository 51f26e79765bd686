"""From a build to a phone with the `ferry` command, against the real API."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.actors import system
from ferry.kernel.identity.services import update_host_app
from miniapps import selectors, services
from miniapps.models import Version
from miniapps.releases import Kind, ReleasePlan
from tests.cli.conftest import PROGRAM, Ferry

pytestmark = pytest.mark.django_db
HOST = ("--host", "android=6.0.0", "--host", "web=6.0.0..7.9")


def uploaded(ferry: Ferry, build, name: str = "1.0.0") -> dict:
    code, made = ferry.json(
        "developer", "upload", str(build), "--program", PROGRAM, "--create", "Timetable", "--name", name, *HOST
    )
    assert code == 0
    return made


def approved(ferry: Ferry, made: dict) -> None:
    ferry.connect_as("reviewer")
    from ferry.cli import commands

    with commands.connect() as api:
        api.post(f"versions/{made['id']}/approve", {"host_app": ferry.made["host_app"]["id"], "reason": "Good."})


def test_a_version_is_uploaded_submitted_released_and_taken_back(ferry, build):
    first = uploaded(ferry, build)
    assert first["code"] == 1
    assert first["host_range"]["web"] == {"min": "6.0.0", "max": "7.9"}
    assert ferry("developer", "submit", f"{PROGRAM}@1", "--app", ferry.app)[0] == 0
    approved(ferry, first)
    assert ferry("operator", "release", f"{PROGRAM}@1", "--app", ferry.app)[0] == 0

    (build / "index.html").write_text("<!doctype html><h1>Timetable 2</h1>")
    second = uploaded(ferry, build, "2.0.0")
    assert ferry("developer", "submit", f"{PROGRAM}@latest", "--app", "Harbour")[0] == 0
    approved(ferry, second)
    code, gray = ferry.json("operator", "release", f"{PROGRAM}@2", "--app", ferry.app, "--share", "12.5%")
    assert (code, gray["kind"], gray["share"]) == (0, "gray", 1250)

    code, undone = ferry.json("operator", "rollback", gray["id"], "--reason", "It is wrong.")
    assert (code, undone["state"]) == (0, "rolled_back")


def test_an_earlier_version_is_served_again_by_its_name(ferry, build):
    for name in ("1.0.0", "2.0.0"):
        (build / "index.html").write_text(f"<!doctype html><h1>{name}</h1>")
        made = uploaded(ferry, build, name)
        ferry("developer", "submit", made["id"], "--app", ferry.app)
        approved(ferry, made)
        ferry("operator", "release", made["id"], "--app", ferry.app)
    arguments = ("rollback", "--to", f"{PROGRAM}@1", "--app", ferry.app, "--reason", "2.0.0 is wrong.")
    code, made = ferry.json("operator", *arguments)
    assert code == 0
    assert made["serving"]["version_name"] == "1.0.0"


def test_it_explains_what_a_described_device_gets(ferry, build):
    made = uploaded(ferry, build)
    ferry("developer", "submit", made["id"], "--app", ferry.app)
    approved(ferry, made)
    ferry("operator", "release", made["id"], "--app", ferry.app)
    asked = ("explain", "--app", ferry.app, "--program", PROGRAM, "--platform", "web", "--host-version")
    assert "Gets 1.0.0 by the full release" in ferry("operator", *asked, "6.3.0")[1]
    assert "Gets nothing" in ferry("operator", *asked, "5.0.0")[1]


def test_it_explains_what_an_invitation_opens(ferry, build):
    made = uploaded(ferry, build)
    ferry("developer", "submit", made["id"], "--app", ferry.app)
    approved(ferry, made)
    version = Version.objects.unscoped().get(pk=made["id"])
    actor = system(version.workspace)
    host_app = identity.host_apps(version.workspace).get()
    update_host_app(actor=actor, host_app=host_app, link_base="harbour://open")
    plan = ReleasePlan(kind=Kind.TRIAL, invited=True)
    trial = services.start_release(actor=actor, version=version, host_app=host_app, plan=plan)
    invitation = services.invite(actor=actor, release=trial, lifetime=timedelta(hours=1))
    [token] = parse_qs(urlsplit(selectors.invitation_url(invitation)).query)["trial"]
    asked = ("explain", "--app", ferry.app, "--program", PROGRAM, "--platform", "web", "--host-version", "6.3.0")
    assert "Gets nothing" in ferry("operator", *asked)[1]
    assert "Gets 1.0.0 by the trial release" in ferry("operator", *asked, "--trial", token)[1]


def test_a_preview_opens_on_its_own_origin(ferry, build):
    made = uploaded(ferry, build)
    code, preview = ferry.json("developer", "preview", f"{PROGRAM}@{made['code']}")
    assert code == 0
    assert ".pkg." in preview["url"]


def test_the_names_that_miniprogram_ci_uses_work(ferry, build):
    uploaded(ferry, build)
    (build / "index.html").write_text("<!doctype html><h1>New</h1>")
    arguments = ("upload", "--pp", str(build), "--appid", PROGRAM, "--uv", "1.1.0", "--desc", "New face", *HOST)
    code, made = ferry.json("developer", *arguments)
    assert (code, made["name"], made["notes"], made["code"]) == (0, "1.1.0", "New face", 2)


def test_nothing_is_sent_of_a_package_that_would_be_refused(ferry, build):
    (build / "index.html").unlink()
    code, checked = ferry.json("developer", "upload", str(build), "--program", PROGRAM, *HOST)
    assert (code, checked["accepted"]) == (1, False)


def test_a_rule_of_the_platform_ends_with_five_and_its_own_error(ferry, build):
    uploaded(ferry, build)
    code, body = ferry.json("operator", "release", f"{PROGRAM}@1", "--app", ferry.app)
    assert (code, body["error"]["code"]) == (5, "version_not_approved")


def test_a_role_without_the_right_ends_with_three(ferry, build):
    uploaded(ferry, build)
    code, body = ferry.json("analyst", "submit", f"{PROGRAM}@1", "--app", ferry.app)
    assert (code, body["error"]["code"]) == (3, "not_allowed")
    code, body = ferry.json("ft_wrong", "submit", f"{PROGRAM}@1", "--app", ferry.app)
    assert (code, body["error"]["code"]) == (3, "unauthenticated")


@pytest.mark.parametrize(
    "arguments",
    [
        ("upload", "--program", PROGRAM),
        ("submit", f"{PROGRAM}@9", "--app", "1"),
        ("submit", f"{PROGRAM}@x", "--app", "1"),
        ("submit", f"{PROGRAM}@²", "--app", "1"),
        ("submit", f"{PROGRAM}@1", "--app", "Nowhere"),
        ("release", f"{PROGRAM}@1", "--app", "1", "--share", "120%"),
        ("release", f"{PROGRAM}@1", "--app", "1", "--share", "0.001%"),
        ("release", f"{PROGRAM}@1", "--app", "1", "--share", "nan"),
        ("release", f"{PROGRAM}@1", "--app", "1", "--share", "inf"),
        ("preview", f"{PROGRAM}@1", "--qrcode-format", "image", "--qrcode-output-dest", "/nowhere/at/all.png"),
        ("preview", f"{PROGRAM}@1", "--qrcode-format", "base64", "--qrcode-output-dest", "/nowhere/at/all.txt"),
        ("export", f"{PROGRAM}@1", "--out", "/nowhere/at/all.zip"),
        ("preset", "--app", "1", "--out", "/nowhere/at/all.zip"),
        ("preview", ""),
        ("preview", "@1"),
        ("submit", "", "--app", "1"),
        ("release", "", "--app", "1"),
        ("export", "", "--out", "v.zip"),
        ("preset", "", "--app", "1", "--out", "b.zip"),
        ("preset", f"{PROGRAM}@²", "--app", "1", "--out", "b.zip"),
        ("rollback", "", "--reason", "x"),
        ("rollback", "--reason", "x"),
        ("rollback", "--to", f"{PROGRAM}@1", "--reason", "x"),
        ("explain", "--app", "1", "--program", PROGRAM),
    ],
)
def test_what_cannot_be_meant_ends_with_two(ferry, build, arguments):
    uploaded(ferry, build)
    code, out = ferry("admin", *arguments, "--json")
    assert code == 2
    if "" in arguments:
        assert "Write PROGRAM" in out or "is empty" in out
    assert json.loads(out)["error"]["message"]
