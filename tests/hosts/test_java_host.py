"""examples/hosts/java/FerryHost.java against a real edge, and against what lies between a phone and it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.hosts.java_phone import Phone, names, publish
from tests.hosts.liar import Answer, Liar
from tests.hosts.live import LiveEdge
from tests.world import World


def test_installed_updated_taken_back_closed_and_open_again(world: World, edge: LiveEdge, phone: Phone) -> None:
    program = world.program.program_id
    publish(world, "1.0.0")
    edge.poll()
    first = phone.run("--want", program)
    assert names(first) == ["registered", "keys", "installed", "opened"]
    assert first[-1]["title"] == "1.0.0"
    assert names(phone.run()) == ["opened"]
    assert names(phone.run()) == ["unchanged", "opened"]
    bad = publish(world, "2.0.0", share=100)
    edge.poll()
    assert phone.opened() == "2.0.0"
    world.roll_back(bad)
    edge.poll()
    assert names(phone.run()) == ["went_back", "opened"]
    assert phone.opened("--offline") == "1.0.0"
    assert len(list((phone.folder / "packages").iterdir())) == 1, "the newer package is gone: it is never the fallback"
    world.withdraw("Closed for repairs.")
    edge.poll()
    assert names(phone.run()) == ["closed", "stays_closed"]
    (closed,) = phone.run("--offline")
    assert (closed["event"], closed["message"], phone.status) == ("stays_closed", "Closed for repairs.", 1)
    world.restore()
    edge.poll()
    assert names(phone.run()) == ["reopened", "opened"]


def test_offline_and_errors_of_the_platform_leave_what_is_there(
    world: World, edge: LiveEdge, phone: Phone, liar: Liar
) -> None:
    publish(world, "1.0.0")
    edge.poll()
    phone.run("--want", world.program.program_id)
    phone.url = "http://127.0.0.1:9"
    down = phone.run()
    assert names(down) == ["unreachable", "opened"]
    assert 500 <= down[0]["wait_ms"] <= 1000
    assert 1000 <= phone.run()[0]["wait_ms"] <= 2000, "the wait doubles, across restarts too"
    phone.url = liar.url
    liar.lie = lambda path, true: Answer(502, b"<html>bad gateway") if path == "/v1/checkin" else None
    assert names(phone.run()) == ["server", "opened"]
    liar.lie = lambda path, true: Answer(503, b"{}", {"retry-after": "120"}) if path == "/v1/checkin" else None
    busy = phone.run()
    assert (busy[0]["event"], busy[0]["wait_ms"] // 1000) in (("busy", 120), ("busy", 121))
    asked = len(liar.asked)
    assert names(phone.run()) == ["holds", "opened"]
    assert len(liar.asked) == asked, "nothing is sent while the platform asks to wait"


def test_a_refused_token_registers_once_more_as_the_same_device(
    world: World, edge: LiveEdge, phone: Phone, liar: Liar
) -> None:
    publish(world, "1.0.0")
    edge.poll()
    phone.run("--want", world.program.program_id)
    device = phone.state["device"]["id"]
    refusals = iter([Answer(401, b'{"error":{"code":"device_token_invalid","message":"no"}}')])
    liar.lie = lambda path, true: next(refusals, None) if path == "/v1/checkin" else None
    assert names(phone.run()) == ["token_refused", "registered", "opened"]
    assert phone.state["device"]["id"] == device
    refusal = Answer(401, b'{"error":{"code":"device_token_invalid","message":"no"}}')
    liar.lie = lambda path, true: refusal if path == "/v1/checkin" else None
    assert names(phone.run()) == ["token_refused", "registered", "token", "opened"], "twice is a failure like any other"


def test_a_tampered_package_is_deleted_reported_and_never_run(
    world: World, edge: LiveEdge, phone: Phone, liar: Liar
) -> None:
    program = world.program.program_id
    publish(world, "1.0.0")
    edge.poll()
    phone.run("--want", program)
    publish(world, "2.0.0")
    edge.poll()

    def tampered(path: str, true: httpx.Response) -> Answer | None:
        if not path.startswith("/packages/"):
            return None
        return Answer(true.status_code, true.content.replace(b"go()", b"no()"))

    liar.lie = tampered
    events = phone.run()
    assert names(events) == ["refused", "opened"]
    assert (events[0]["reason"], events[1]["title"]) == ("hash", "1.0.0")
    assert len(list((phone.folder / "packages").iterdir())) == 1
    liar.lie = None
    assert phone.opened() == "2.0.0"
    observed = [record for kind, record in edge.notes.offered if kind == "checkin"]
    assert observed[-1]["attributes"] == {"package_problem": f"{program}@2 hash"}


@pytest.mark.parametrize(
    ("member", "value", "reason"), [("code", 7, "not_offered"), ("files_root", "0" * 64, "signature")]
)
def test_an_update_that_says_something_else_than_was_signed_is_refused(
    world: World, edge: LiveEdge, phone: Phone, liar: Liar, member: str, value: object, reason: str
) -> None:
    publish(world, "1.0.0")
    edge.poll()

    def changed(path: str, true: httpx.Response) -> Answer | None:
        if path != "/v1/checkin":
            return None
        body = true.json()
        update = body["updates"][0]
        (update if member in update else update["package"])[member] = value
        return Answer(200, json.dumps(body).encode())

    liar.lie = changed
    assert [line.get("reason") for line in phone.run("--want", world.program.program_id)][-2:] == [reason, None]
    assert phone.status == 1
    assert liar.paths("/packages/") == [], "not a byte of it is fetched"


def test_more_bytes_than_signed_are_not_read(world: World, edge: LiveEdge, phone: Phone, liar: Liar) -> None:
    publish(world, "1.0.0")
    edge.poll()
    liar.lie = lambda path, true: Answer(200, true.content + b"x" * 100_000) if path.startswith("/packages/") else None
    assert [line.get("reason") for line in phone.run("--want", world.program.program_id)][-2:] == ["size", None]
    assert list((phone.folder / "packages").iterdir()) == []


def test_a_download_goes_on_where_it_broke_off(world: World, edge: LiveEdge, phone: Phone, liar: Liar) -> None:
    publish(world, "1.0.0")
    edge.poll()

    def cut(path: str, true: httpx.Response) -> Answer | None:
        if not path.startswith("/packages/"):
            return None
        return Answer(200, true.content[:5000], promised=len(true.content))

    liar.lie = cut
    assert "unreachable" in names(phone.run("--want", world.program.program_id))
    liar.lie = None
    events = phone.run("--open", world.program.program_id)
    assert names(events) == ["resumed", "installed", "opened"]
    assert events[0]["at"] == 5000
    assert liar.paths("/packages/")[-1]["Range"] == "bytes=5000-"


def test_an_old_state_played_again_installs_nothing(world: World, edge: LiveEdge, phone: Phone, liar: Liar) -> None:
    program = world.program.program_id
    publish(world, "1.0.0")
    edge.poll()
    old = httpx.get(f"{edge.url}/v1/freshness/{world.host_app.app_key}").content
    publish(world, "2.0.0")
    edge.poll()
    phone.run("--want", program)
    publish(world, "3.0.0")
    edge.poll()
    liar.lie = lambda path, true: Answer(200, old) if path.startswith("/v1/freshness/") else None
    events = phone.run()
    assert names(events) == ["stale", "opened"]
    assert (events[0]["reason"], events[1]["title"]) == ("older", "2.0.0")
    said = json.loads(old)
    said["statement"]["version"] += 100
    liar.lie = lambda path, true: Answer(200, json.dumps(said).encode()) if path.startswith("/v1/freshness/") else None
    assert phone.run()[0]["reason"] == "signature"


def test_what_is_damaged_on_the_phone_is_not_opened(world: World, edge: LiveEdge, phone: Phone) -> None:
    publish(world, "1.0.0")
    edge.poll()
    phone.run("--want", world.program.program_id)
    publish(world, "2.0.0")
    edge.poll()
    assert phone.opened() == "2.0.0"
    current = phone.state["programs"][world.program.program_id]["current"]["statement"]["sha256"]
    package = phone.folder / "packages" / f"{current}.zip"
    package.write_bytes(package.read_bytes().replace(b"2.0.0", b"6.6.6"))
    events = phone.run("--offline")
    assert names(events) == ["refused", "opened"]
    assert events[1]["title"] == "1.0.0"
    assert not package.exists()


def test_a_version_that_was_taken_back_cannot_be_kept_from_a_phone(
    world: World, edge: LiveEdge, phone: Phone, liar: Liar
) -> None:
    publish(world, "1.0.0")
    bad = publish(world, "2.0.0", share=100)
    edge.poll()
    assert phone.opened("--want", world.program.program_id) == "2.0.0"
    world.roll_back(bad)
    edge.poll()
    nothing = {"unchanged": True, "state": "s.0", "next_check_after": 1800}
    liar.lie = lambda path, true: Answer(200, json.dumps(nothing).encode()) if path == "/v1/checkin" else None
    events = phone.run()
    assert (events[0]["event"], events[0]["reason"]) == ("stale", "withheld")


def test_a_withdrawal_that_a_mirror_hides_closes_all_the_same(
    world: World, edge: LiveEdge, phone: Phone, liar: Liar
) -> None:
    publish(world, "1.0.0")
    edge.poll()
    phone.run("--want", world.program.program_id)
    world.withdraw()
    edge.poll()
    nothing = {"unchanged": True, "state": "s.0", "next_check_after": 1800}
    liar.lie = lambda path, true: Answer(200, json.dumps(nothing).encode()) if path == "/v1/checkin" else None
    assert names(phone.run()) == ["closed", "unchanged", "stays_closed"]


def test_a_root_key_that_is_built_in_is_the_only_one(
    world: World, edge: LiveEdge, phone: Phone, tmp_path: Path
) -> None:
    program = world.program.program_id
    publish(world, "1.0.0")
    edge.poll()
    phone.run("--want", program)
    keys = {key["purpose"]: key for key in phone.state["keys"]["keys"]}
    for purpose in ("root", "package"):
        (tmp_path / f"{purpose}.pem").write_text(keys[purpose]["pem"])
    kid = keys["root"]["kid"]
    other = Phone(phone.classes, phone.url, world, tmp_path / "other")
    built_in = ["--root", f"{kid}={tmp_path}/root.pem"]
    assert names(other.run("--want", program, *built_in)) == ["registered", "keys", "installed", "opened"]
    stranger = Phone(phone.classes, phone.url, world, tmp_path / "stranger")
    events = stranger.run("--want", program, "--root", f"{kid}={tmp_path}/package.pem")
    assert [line.get("reason") for line in events] == [None, "keys_signature", None]


def test_a_wrong_command_says_how_it_is_used(classes: Path) -> None:
    done = subprocess.run(["java", "-cp", str(classes), "FerryHost", "--edge"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: java FerryHost.java --edge URL")
