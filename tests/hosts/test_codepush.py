"""An unmodified CodePush client (npm code-push, under Node) against a real edge."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_django import Settings

from analytics.events import records
from analytics.reports.asking import Span
from analytics.reports.health import version_health
from ferry.journal.errors import JournalUnavailable
from ferry.kernel import clock
from miniapps.adapters.codepush import code_of, deployment, label, package_hash
from tests.analytics.events.sending import kept
from tests.edge.published import Caller
from tests.hosts.live import LiveEdge
from tests.journal.world import Edge
from tests.journal.world import World as Journal
from tests.world import World

HERE = Path(__file__).resolve().parent
FILES = {"index.html": b"<p>one</p>", "js/app.js": b"start()", "图/😀.txt": b"x", "图/～.txt": b"y"}
UNCHANGED = {
    "acquisition-sdk.js": "68db768b53dcf38a0755fd1c06bf608206d38cb27849dc7a3f62e2a2b2cd841d",
    "code-push-error.js": "94b6d5bb4eb64c6b080932f3e50c01bc49d2686cf0724f42832dbc587c05daad",
}


@pytest.fixture(scope="session")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("Node is not installed")
    return found


class Client:
    """A phone with CodePush's plugin: what it runs, and its AcquisitionManager."""

    def __init__(self, node: str, edge: LiveEdge, key: str, name: str = "phone-1", app_version: str = "6.3.0") -> None:
        self.node, self.edge = node, edge
        self.about = {"server": edge.url, "key": key, "client": name, "app_version": app_version}
        self.runs: dict[str, Any] = {}

    def call(self, act: str, **more: Any) -> Any:
        """What the callback got. Its error as a RuntimeError."""
        done = subprocess.run(
            [self.node, str(HERE / "code_push_client.js"), act],
            input=json.dumps({**self.about, **more}),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        said = json.loads(done.stdout)
        if said["error"] is not None:
            raise RuntimeError(said["error"])
        return said["result"]

    def check(self) -> Any:
        """The remote package, or None."""
        self.edge.poll()
        return self.call("check", package=self.runs)

    def install(self) -> dict[str, Any]:
        """Check, download and run what is offered."""
        remote: dict[str, Any] = self.check()
        assert remote is not None, "nothing is offered"
        assert httpx.get(remote["downloadUrl"]).status_code == 200
        self.runs = {"label": remote["label"], "packageHash": remote["packageHash"]}
        return remote


@pytest.fixture
def key(world: World) -> str:
    return f"{world.host_app.app_key}.android.{world.program.program_id}"


@pytest.fixture
def phone(node: str, edge: LiveEdge, key: str) -> Client:
    return Client(node, edge, key)


def test_the_client_is_the_published_one() -> None:
    for name, sha256 in UNCHANGED.items():
        assert hashlib.sha256((HERE / "code-push-4.2.3" / name).read_bytes()).hexdigest() == sha256


def test_what_is_released_is_installed_and_its_hash_is_the_clients_own(
    world: World, phone: Client, tmp_path: Path
) -> None:
    version = world.approve(world.upload("1.0.0", FILES))
    world.release("1.0.0", apply="at_once")
    remote = phone.check()
    archive = httpx.get(remote["downloadUrl"])
    assert archive.status_code == 200
    assert len(archive.content) == remote["packageSize"]
    with zipfile.ZipFile(io.BytesIO(archive.content)) as package:
        package.extractall(tmp_path / "unpacked")
    assert phone.call("hash", folder=str(tmp_path / "unpacked")) == remote["packageHash"]
    assert remote["label"] == f"v{version.code}"
    assert remote["isMandatory"] is True
    assert remote["appVersion"] == "6.3.0"


def test_nothing_new_and_the_same_content_again_are_no_update(world: World, phone: Client) -> None:
    world.approve(world.upload("1.0.0", FILES))
    world.release("1.0.0")
    phone.install()
    assert phone.check() is None
    world.approve(world.upload("1.0.1", FILES))
    world.release("1.0.1")
    assert phone.check() is None


def test_a_gray_release_reaches_its_share_and_a_roll_back_takes_them_back(
    world: World, node: str, edge: LiveEdge, key: str
) -> None:
    world.release("1.0.0")
    bad = world.release("2.0.0", share=50)
    world.add_devices(12)
    chosen = world.devices_on("2.0.0")
    assert chosen
    assert len(chosen) < 12
    phones = {name: Client(node, edge, key, name) for name in world.devices}
    got = {name: phone.install()["label"] for name, phone in phones.items()}
    assert {name for name, text in got.items() if text == "v2"} == chosen
    world.roll_back(bad)
    back = next(iter(chosen))
    assert phones[back].install()["label"] == "v1"
    assert phones[(world.devices.keys() - chosen).pop()].check() is None


def test_a_client_without_an_id_is_in_no_share(world: World, node: str, edge: LiveEdge, key: str) -> None:
    world.release("1.0.0")
    world.release("2.0.0", share=99.99)
    assert Client(node, edge, key, name="").install()["label"] == "v1"


def test_a_binary_that_is_too_old_is_told_to_update_itself(world: World, node: str, edge: LiveEdge, key: str) -> None:
    world.release("1.0.0")
    old = Client(node, edge, key, app_version="5.9.0").check()
    assert old == {"updateAppVersion": True, "appVersion": "6.0.0"}


def test_nothing_of_a_withdrawn_program_is_offered(world: World, phone: Client) -> None:
    world.release("1.0.0")
    world.withdraw()
    assert phone.check() is None


def test_a_wrong_key_is_refused_in_plain_words(world: World, node: str, edge: LiveEdge, key: str) -> None:
    world.release("1.0.0")
    with pytest.raises(RuntimeError, match=r"^404: No active host app has this deployment key"):
        Client(node, edge, key.replace("fa_", "fa_x")).check()
    with pytest.raises(RuntimeError, match=r"^400: .*app_version"):
        Client(node, edge, key, app_version="soon").check()
    answer = httpx.get(f"{edge.url}/v0.1/public/codepush/update_check")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")


def test_a_program_that_is_not_there_reads_like_one_that_is_not_for_this_device(
    world: World, node: str, edge: LiveEdge, key: str
) -> None:
    world.release("1.0.0")
    edge.poll()
    asked = {"deployment_key": f"{world.host_app.app_key}.ios.nothing", "app_version": "6.3.0"}
    address = f"{edge.url}/v0.1/public/codepush/update_check"
    unknown = httpx.get(address, params=asked).json()
    world.withdraw()
    edge.poll()
    assert httpx.get(address, params=asked | {"deployment_key": key}).json() == unknown
    assert unknown["update_info"]["should_run_binary_version"] is True


def test_reports_are_in_the_journal_before_the_client_hears_of_it(world: World, phone: Client) -> None:
    world.release("1.0.0")
    remote = phone.install()
    phone.call("downloaded", package=remote)
    phone.call("deployed", package=remote, status="DeploymentSucceeded", previous="6.3.0")
    phone.call("deployed", package=remote, status="DeploymentFailed")
    lines = [record for kind, record in phone.edge.notes.appended if kind == "events"]
    events = [event for record in lines for event in kept(record)]
    assert [event.event for event in events] == [
        "$codepush_download",
        "$codepush_deploy",
        "$codepush_deploy",
        "$error",
    ]
    assert {(event.device_id, event.mini_program, event.version_code) for event in events} == {
        ("phone-1", world.program.program_id, 1)
    }
    assert json.loads(events[1].properties)["previous"] == "6.3.0"
    for record in lines:
        measured = records.measure(json.dumps(record, separators=(",", ":")).encode())
        assert measured is not None
        assert measured.app == world.host_app.pk


def test_a_failed_deployment_counts_against_its_version(
    world: World, phone: Client, tmp_path: Path, settings: Settings
) -> None:
    world.release("1.0.0")
    remote = phone.install()
    phone.call("deployed", package=remote, status="DeploymentFailed")
    settings.FERRY_JOURNAL_DIR, settings.FERRY_PARQUET_DIR = tmp_path / "journal", tmp_path / "events"
    journal = Journal.__new__(Journal)
    journal.journal, journal.parquet = tmp_path / "journal", tmp_path / "events"
    writer = Edge(journal.journal)
    for kind, record in phone.edge.notes.appended:
        writer.write(kind, json.dumps(record, separators=(",", ":")).encode())
    journal.load()
    today = clock.now().date()
    span = Span(today - timedelta(days=1), today + timedelta(days=1))
    health = version_health(world.workspace, world.host_app.pk, world.program.program_id, span)
    assert {code: (found.opens, found.errors) for code, found in health.items()} == {1: (0, 1)}


def test_a_report_that_cannot_be_stored_is_not_acknowledged(world: World, phone: Client) -> None:
    world.release("1.0.0")
    remote = phone.install()
    phone.edge.notes.refusal = JournalUnavailable(reason="disk_low", retry_after=1)
    with pytest.raises(RuntimeError, match=r"^503: "):
        phone.call("downloaded", package=remote)


def test_a_check_is_observed_as_a_check_in_of_one_program(world: World, phone: Client) -> None:
    world.release("1.0.0")
    phone.install()
    phone.check()
    first, second = (record for kind, record in phone.edge.notes.offered if kind == "checkin")
    assert first["installed"] == {}
    assert second["installed"] == {world.program.program_id: 1}
    assert second["arms"][0][2] == 1
    assert second["partial"] is True


def test_clients_of_the_first_api_read_camel_case(world: World, edge: LiveEdge, key: str) -> None:
    world.release("1.0.0")
    edge.poll()
    asked = {"deploymentKey": key, "appVersion": "6.3.0", "clientUniqueId": "p"}
    info = httpx.get(f"{edge.url}/updateCheck", params=asked).json()["updateInfo"]
    assert info["isAvailable"] is True
    assert info["label"] == "v1"
    assert info["downloadURL"].startswith(edge.url)
    report = {"deploymentKey": key, "label": "v1", "clientUniqueId": "p"}
    assert httpx.post(f"{edge.url}/reportStatus/download", json=report).status_code == 200


def test_without_consent_nothing_of_a_report_is_kept(world: World, edge: LiveEdge, key: str) -> None:
    from ferry.kernel.identity import services as identity
    from ferry.kernel.identity.actors import system

    identity.update_host_app(actor=system(world.workspace), host_app=world.host_app, consent="required")
    world.release("1.0.0")
    edge.poll()
    report = {"deployment_key": key, "label": "v1", "client_unique_id": "p"}
    answer = httpx.post(f"{edge.url}/v0.1/public/codepush/report_status/download", json=report)
    assert answer.status_code == 200
    assert edge.notes.appended == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("download", {}),
        ("download", {"deployment_key": "K"}),
        ("deploy", {"deployment_key": "K", "label": "v1", "app_version": "1.0.0"}),
        ("deploy", {"deployment_key": "K", "label": "v1", "app_version": "1.0.0", "status": "Maybe"}),
        ("deploy", {"deployment_key": "K", "label": 7}),
        ("deploy", []),
    ],
)
def test_a_report_that_says_too_little_is_refused(world: World, edge: LiveEdge, key: str, path: str, body: Any) -> None:
    edge.poll()
    content = json.dumps(body).replace('"K"', json.dumps(key))
    answer = Caller(edge.app)("POST", f"/v0.1/public/codepush/report_status/{path}", content=content.encode())
    assert answer.status_code == 400, answer.text
    assert edge.notes.appended == []


def test_keys_and_labels_lead_back() -> None:
    named = deployment("fa_x.android.a.b-c")
    assert named is not None
    assert (named.app_key, named.platform, named.program_id, str(named)) == (
        "fa_x",
        "android",
        "a.b-c",
        "fa_x.android.a.b-c",
    )
    assert [deployment(text) for text in ("", "fa_x", "fa_x.android", "fa_x.pc.a", ".ios.a", "fa_x.ios.")] == [None] * 6
    assert code_of(label(12)) == 12
    assert [code_of(text) for text in ("", "12", "v", "v0", "v-1", "v9999999999", "v1 ")] == [None] * 7


def test_what_a_client_does_not_hash_is_not_hashed() -> None:
    kept = [("a", "1"), ("b/c", "2")]
    assert package_hash([*kept, (".codepushrelease", "3"), ("b/.DS_Store", "4"), ("__MACOSX/a", "5")]) == package_hash(
        reversed(kept)
    )
