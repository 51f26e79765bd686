"""A Dimina host that follows the update contract of didi/dimina step by step, against a real edge.

The steps are those of Android's RemoteUpdateManager (docs/MiniProgram-Update.md there): the manifest at the address
that was configured, and nothing else; the app id must match; only a higher code is an update; sha256 over the zip;
unpacking by local headers; main/app-config.json and main/logic.js must be there; config.json is written by the host.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import zlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from ferry.edge.content.app import ContentApp
from ferry.kernel.targeting import Context
from miniapps import selectors
from miniapps.adapters import history
from miniapps.adapters.dimina import Generation, follow, next_number
from miniapps.offers import compile_program
from tests.edge.published import Caller
from tests.hosts.live import LiveEdge
from tests.world import World

APP_CONFIG = json.dumps({"app": {"pages": ["pages/home"], "entryPagePath": "pages/home"}, "projectName": "City"})


def files_of(name: str) -> dict[str, bytes]:
    return {
        "main/app-config.json": APP_CONFIG.encode(),
        "main/logic.js": f"// {name}".encode() * 50,
        "main/pages_home.js": b"// home",
        "main/static/logo.png": b"png",
    }


def publish(world: World, name: str, **plan: Any) -> Any:
    """A version of kind dimina, released."""
    found = selectors.versions(world.workspace, world.program).filter(name=name).first()
    if found is None:
        assert world.approve(world.upload(name, files_of(name))).kind == "dimina"
    return world.release(name, **plan)


class UpdateFailed(Exception):
    """What the host tells as updatefail."""


class DiminaHost:
    """One phone with Dimina's runtime. `versions` is what VersionUtils keeps; `files` the active directory."""

    def __init__(self, edge: LiveEdge, world: World, folder: Path, did: str = "phone-1") -> None:
        self.edge, self.app_id = edge, world.program.program_id
        asked = f"did={did}&app_key={world.host_app.app_key}&platform=android&version=6.3.0"
        self.manifest_url = f"{edge.url}/dimina/{self.app_id}/manifest?{asked}"
        self.folder = folder / did
        self.code = 0
        self.downloads = 0

    def fetch_manifest(self) -> dict[str, Any] | None:
        self.edge.poll()
        answer = httpx.get(self.manifest_url)
        if not answer.is_success:
            return None
        body = answer.json()
        payload = body.get("data") or body
        assert isinstance(payload["versionCode"], int)
        assert payload["path"]
        assert payload["packageUrl"]
        return payload if payload["appId"] == self.app_id else None

    def check_for_update(self) -> str:
        """The last event: noupdate or updateready; the update is applied at once."""
        manifest = self.fetch_manifest()
        if manifest is None or manifest["versionCode"] <= self.code:
            return "noupdate"
        answer = httpx.get(manifest["packageUrl"])
        assert answer.status_code == 200
        self.downloads += 1
        if hashlib.sha256(answer.content).hexdigest() != manifest["sha256"].lower():
            raise UpdateFailed("package sha256 mismatch")
        staging = self.folder.with_suffix(".pending")
        shutil.rmtree(staging, ignore_errors=True)
        for name, content in local_entries(answer.content):
            target = (staging / name).resolve()
            assert target.is_relative_to(staging.resolve())
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        config = {name: manifest[name] for name in ("appId", "name", "path", "versionCode", "versionName")}
        (staging / "config.json").write_text(json.dumps(config))
        for name in ("config.json", "main/app-config.json", "main/logic.js"):
            if not (staging / name).is_file():
                raise UpdateFailed(f"package missing required file: {name}")
        shutil.rmtree(self.folder, ignore_errors=True)
        staging.rename(self.folder)
        self.code = manifest["versionCode"]
        return "updateready"

    @property
    def runs(self) -> str:
        return (self.folder / "main/logic.js").read_text().split()[1].removesuffix("//")


def local_entries(data: bytes) -> list[tuple[str, bytes]]:
    """What java.util.zip.ZipInputStream sees: local headers alone, sizes from them."""
    found, at = [], 0
    while data[at : at + 4] == b"PK\3\4":
        flags, method, _, _, crc, packed, size, name, extra = struct.unpack_from("<4H3L2H", data, at + 6)
        assert not flags & 8, "a data descriptor: the sizes come too late for a reader of local headers"
        start = at + 30 + name + extra
        raw = data[start : start + packed]
        content = raw if method == 0 else zlib.decompress(raw, -15)
        assert (len(content), zlib.crc32(content)) == (size, crc)
        found.append((data[at + 30 : at + 30 + name].decode(), content))
        at = start + packed
    return found


@pytest.fixture
def phone(world: World, edge: LiveEdge, tmp_path: Path) -> DiminaHost:
    return DiminaHost(edge, world, tmp_path)


def test_a_first_install_then_nothing_then_an_update(world: World, phone: DiminaHost) -> None:
    publish(world, "1.0.0")
    assert phone.check_for_update() == "updateready"
    assert phone.runs == "1.0.0"
    assert phone.check_for_update() == "noupdate"
    manifest = phone.fetch_manifest()
    assert manifest is not None
    assert manifest["versionCode"] == phone.code, "an answer without news carries the code that the host has"
    assert set(manifest) == {
        "appId",
        "name",
        "path",
        "versionCode",
        "versionName",
        "packageUrl",
        "sha256",
        "webBaseUrl",
    }
    assert (manifest["name"], manifest["path"], manifest["versionName"]) == ("City Ferry", "pages/home", "1.0.0")
    publish(world, "2.0.0")
    assert phone.check_for_update() == "updateready"
    assert phone.runs == "2.0.0"


def test_a_roll_back_reaches_those_who_have_it_and_disturbs_nobody_else(
    world: World, edge: LiveEdge, tmp_path: Path
) -> None:
    publish(world, "1.0.0")
    bad = publish(world, "2.0.0", share=50)
    world.add_devices(10)
    phones = {name: DiminaHost(edge, world, tmp_path, name) for name in world.devices}
    for phone in phones.values():
        phone.check_for_update()
    chosen = {name for name, phone in phones.items() if phone.runs == "2.0.0"}
    assert chosen == world.devices_on("2.0.0")
    assert 0 < len(chosen) < 10
    world.roll_back(bad)
    events = {name: phone.check_for_update() for name, phone in phones.items()}
    assert {name for name, event in events.items() if event == "updateready"} == chosen
    assert {phone.runs for phone in phones.values()} == {"1.0.0"}
    assert {phone.check_for_update() for phone in phones.values()} == {"noupdate"}
    publish(world, "2.0.1", share=100)
    assert {phone.check_for_update() for phone in phones.values()} == {"updateready"}


def test_narrowing_takes_back_completing_disturbs_nobody(world: World, edge: LiveEdge, tmp_path: Path) -> None:
    publish(world, "1.0.0")
    gray = publish(world, "2.0.0", share=100)
    phone = DiminaHost(edge, world, tmp_path)
    phone.check_for_update()
    assert phone.runs == "2.0.0"
    gray = world.raise_to(gray, 0)
    assert phone.check_for_update() == "updateready"
    assert phone.runs == "1.0.0"
    gray = world.raise_to(gray, 100)
    assert phone.check_for_update() == "updateready"
    assert phone.runs == "2.0.0"
    gray = world.pause(gray)
    assert phone.check_for_update() == "noupdate"
    world.complete(gray)
    assert phone.check_for_update() == "noupdate"
    assert phone.runs == "2.0.0"


def test_a_withdrawn_program_is_no_update(world: World, phone: DiminaHost) -> None:
    publish(world, "1.0.0")
    phone.check_for_update()
    world.withdraw()
    assert phone.check_for_update() == "noupdate"
    world.restore()
    assert phone.check_for_update() == "noupdate"


def test_only_versions_for_dimina_are_given(world: World, phone: DiminaHost) -> None:
    publish(world, "1.0.0")
    phone.check_for_update()
    world.release("9.0.0", share=100)  # an h5 package
    assert phone.check_for_update() == "noupdate"


def test_a_host_that_does_not_name_itself_is_in_no_share(world: World, edge: LiveEdge, tmp_path: Path) -> None:
    publish(world, "1.0.0")
    publish(world, "2.0.0", share=99.99)
    nobody = DiminaHost(edge, world, tmp_path, "")
    nobody.folder = tmp_path / "nobody"
    nobody.check_for_update()
    assert nobody.runs == "1.0.0"


def test_a_stranger_and_a_wrong_question_are_refused(world: World, edge: LiveEdge) -> None:
    publish(world, "1.0.0")
    edge.poll()
    address = f"{edge.url}/dimina/{world.program.program_id}/manifest"
    key = world.host_app.app_key
    assert httpx.get(address, params={"app_key": "fa_none", "platform": "android"}).status_code == 401
    assert httpx.get(address, params={"app_key": key}).status_code == 400
    assert httpx.get(address, params={"app_key": key, "platform": "pc"}).status_code == 400
    assert httpx.get(f"{edge.url}/dimina/none/manifest", params={"app_key": key, "platform": "web"}).status_code == 404


def test_a_web_host_reads_the_files_from_the_versions_own_origin(world: World, edge: LiveEdge, settings: Any) -> None:
    release = publish(world, "1.0.0")
    edge.poll()
    asked = {"app_key": world.host_app.app_key, "platform": "web", "version": "6.3.0", "did": "w"}
    manifest = httpx.get(f"{edge.url}/dimina/{world.program.program_id}/manifest", params=asked).json()
    origin = httpx.URL(manifest["webBaseUrl"])
    content = ContentApp(settings.FERRY_CONTENT_ORIGIN, selectors.preview)
    call = Caller(content, host=origin.netloc.decode())
    answer = call("GET", f"/{manifest['appId']}/main/app-config.json", origin="https://container.example")
    assert answer.json()["projectName"] == "City"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert call("GET", "/wx-as-compiled/main/static/logo.png").content == b"png"
    assert call("GET", f"/{manifest['appId']}/main/none.js").status_code == 404
    other = world.upload("2.0.0", files_of("2.0.0"))
    unreleased = str(origin.netloc.decode()).replace(release.version_id, other.pk)
    assert Caller(content, host=unreleased)("GET", "/main/logic.js").status_code == 404
    world.withdraw()
    closed = ContentApp(settings.FERRY_CONTENT_ORIGIN, selectors.preview)
    assert Caller(closed, host=origin.netloc.decode())("GET", "/main/logic.js").status_code == 404


def test_the_question_is_observed(world: World, phone: DiminaHost) -> None:
    release = publish(world, "1.0.0")
    phone.check_for_update()
    ((kind, seen),) = phone.edge.notes.offered
    assert kind == "checkin"
    assert (seen["device"], seen["platform"], seen["host_version"]) == ("phone-1", "android", "6.3.0")
    assert seen["arms"] == [[world.program.program_id, release.pk, 1]]


def test_forgetting_old_generations_never_lowers_a_code(world: World, phone: DiminaHost) -> None:
    publish(world, "1.0.0")
    gray = publish(world, "2.0.0", share=1)
    codes = []
    for share in range(2, history.KEPT + 10):
        gray = world.raise_to(gray, share)
        if share % 12 == 0:
            manifest = phone.fetch_manifest()
            assert manifest is not None
            codes.append(manifest["versionCode"])
    assert codes == sorted(codes)
    assert history.generations(world.host_app, world.program).count() <= history.KEPT


# The walk itself


def generation(number: int, at: float, *releases: tuple[int, Any]) -> Generation:
    body = [
        {
            "id": f"r{code}",
            "kind": "full",
            "rule": rule,
            "range": {},
            "installed_only": False,
            "version": {"code": code, "kind": "dimina"},
        }
        for code, rule in releases
    ]
    return Generation.of(
        number, at, compile_program({"id": "p", "withdrawn": None, "releases": body}, segments={}, sets={})
    )


def at(now: float) -> Context:
    return Context(now=now, device_id="d", properties={"platform": "android"})


def test_a_date_that_comes_between_two_publishes_has_a_code_of_its_own() -> None:
    opens = generation(10, 100.0, (2, {"starts_at": 150.0}), (1, None))
    before, after = follow([opens], at(120.0)), follow([opens], at(160.0))
    assert before is not None
    assert after is not None
    assert (before.code, before.gives.code, after.code, after.gives.code) == (10, 1, 11, 2)
    ticked = generation(12, 170.0, (2, None), (1, None))
    later = follow([opens, ticked], at(180.0))
    assert later is not None
    assert later.code == 11, "the tick that follows the date changes nothing for the device"
    back = follow([opens, ticked, generation(14, 200.0, (1, None))], at(210.0))
    assert back is not None
    assert (back.code, back.gives.code) == (14, 1)


def test_what_was_held_and_comes_back_is_no_change() -> None:
    here, gone = generation(10, 1.0, (1, None)), generation(12, 2.0)
    assert follow([here, gone], at(3.0)) is None
    again = follow([here, gone, generation(14, 3.0, (1, None))], at(4.0))
    assert again is not None
    assert again.code == 10


def test_numbers_grow_past_every_version_code() -> None:
    assert next_number(None, 1) == 1
    assert next_number(1, 1) == 3
    assert next_number(3, 2026112201) == 2026112201
    assert next_number(2026112201, 2026112201) == 2026112203
    assert next_number(None, 2**31 - 1) < 2**31 - 2**19
