"""Sub-packages that a phone fetches one by one, and plugins that several mini-programs share."""

from __future__ import annotations

import json
import zipfile
from typing import Any

import pytest

from ferry.kernel.storage import blobs
from miniapps import services
from miniapps.errors import PackageRefused, PluginMissing, PluginVersionName
from miniapps.models import Version
from miniapps.packages.parts import MAIN
from miniapps.releases import Kind, ReleasePlan
from tests.world import PAGE, World

PAGES = {"index.html": PAGE, "pages/pay/pay.js": b"pay()", "pages/map/map.js": b"map()"}
SUBPACKAGES = [{"name": "pay", "root": "pages/pay", "independent": True}, {"root": "pages/map/"}]


def with_manifest(files: dict[str, bytes] | None = None, **members: Any) -> dict[str, bytes]:
    return {**(files or {"index.html": PAGE}), "ferry.json": json.dumps(members).encode()}


def terms(world: World) -> dict[str, Any]:
    part = world.part()
    assert part is not None
    said: dict[str, Any] = part["releases"][0]["terms"]
    return said


class Plugins:
    """A second mini-program of the same workspace: the plugin that others use."""

    def __init__(self, world: World) -> None:
        self.home = world
        self.world = world.beside("Maps")
        self.program = self.world.program

    def upload(self, name: str, **options: Any) -> Version:
        files = {"plugin.json": b'{"main": "index.js"}', "index.js": f"// {name}".encode()}
        return self.world.upload(name, files, **options)

    def release(self, name: str, **options: Any):
        self.world.approve(self.upload(name, **options))
        return self.world.release(name)


@pytest.fixture
def maps(world: World) -> Plugins:
    return Plugins(world)


def use_maps(world: World, wanted: str = "^1.2.0") -> Version:
    return world.upload("1.0.0", with_manifest(plugins={"map": {"id": "maps", "range": wanted}}))


class TestParts:
    def test_a_phone_is_told_each_part_and_can_fetch_it(self, world):
        version = world.upload("1.0.0", with_manifest(PAGES, subpackages=SUBPACKAGES, preload={"index": ["pay"]}))
        world.approve(version)
        world.release("1.0.0")
        said = terms(world)
        assert [(part["name"], part["root"], part["independent"]) for part in said["parts"]] == [
            (MAIN, "", False),
            ("pay", "pages/pay", True),
            ("pages.map", "pages/map", False),
        ]
        assert said["preload"] == {"index": ["pay"]}
        for part in said["parts"]:
            with blobs().open(part["sha256"]) as blob, zipfile.ZipFile(blob) as archive:
                assert all(name.startswith(part["root"]) for name in archive.namelist())

    def test_the_management_api_names_the_parts(self, world, client):
        version = world.upload("1.0.0", with_manifest(PAGES, subpackages=SUBPACKAGES))
        bearer = {"authorization": f"Bearer {world.token('developer')}"}
        shown = client.get(f"/api/v1/versions/{version.pk}", headers=bearer).json()
        assert [part["name"] for part in shown["parts"]] == [MAIN, "pay", "pages.map"]
        assert all(blobs().exists(part["sha256"]) for part in shown["parts"])

    def test_a_part_that_did_not_change_keeps_its_address(self, world):
        for name, page in (("1.0.0", b"one"), ("1.1.0", b"two")):
            world.approve(world.upload(name, with_manifest(PAGES | {"index.html": page}, subpackages=SUBPACKAGES)))
            world.release(name)
            if name == "1.0.0":
                before = {part["name"]: part["sha256"] for part in terms(world)["parts"]}
        after = {part["name"]: part["sha256"] for part in terms(world)["parts"]}
        assert after["pay"] == before["pay"]
        assert after[MAIN] != before[MAIN]

    def test_a_version_without_sub_packages_has_none(self, world):
        world.release("1.0.0")
        part = world.part()
        assert part is not None
        assert "terms" not in part["releases"][0]


class TestPlugins:
    def test_the_newest_release_in_range_is_borrowed(self, world, maps):
        for name in ("1.2.0", "1.3.5", "2.0.0"):
            maps.release(name)
        world.approve(use_maps(world))
        world.release("1.0.0")
        (plugin,) = terms(world)["plugins"]
        assert (plugin["alias"], plugin["id"], plugin["name"], plugin["entry"]) == ("map", "maps", "1.3.5", "index.js")
        with blobs().open(plugin["sha256"]) as blob, zipfile.ZipFile(blob) as archive:
            assert archive.read("index.js") == b"// 1.3.5"

    def test_a_newer_plugin_reaches_whoever_uses_it(self, world, maps):
        maps.release("1.2.0")
        world.approve(use_maps(world))
        world.release("1.0.0")
        serial = terms(world)["serial"]
        maps.release("1.2.1")
        said = terms(world)
        assert said["plugins"][0]["name"] == "1.2.1"
        assert said["serial"] > serial

    def test_a_plugin_taken_back_gives_way_to_the_one_before(self, world, maps):
        maps.release("1.2.0")
        bad = maps.release("1.2.1")
        world.approve(use_maps(world))
        world.release("1.0.0")
        maps.world.roll_back(bad)
        assert terms(world)["plugins"][0]["name"] == "1.2.0"

    def test_a_withdrawn_plugin_is_named_without_an_address_until_it_is_back(self, world, maps):
        maps.release("1.2.0")
        world.approve(use_maps(world))
        world.release("1.0.0")
        maps.world.withdraw()
        assert terms(world)["plugins"] == [{"alias": "map", "id": "maps"}]
        maps.world.restore()
        assert terms(world)["plugins"][0]["name"] == "1.2.0"

    def test_without_a_fitting_plugin_nothing_is_released(self, world, maps):
        maps.release("2.0.0")
        version = world.approve(use_maps(world))
        plan = ReleasePlan(kind=Kind.FULL)
        with pytest.raises(PluginMissing) as refused:
            services.start_release(actor=world.operator, version=version, host_app=world.host_app, plan=plan)
        assert refused.value.details["plugin"] == "maps"
        maps.release("1.9.0")
        services.start_release(actor=world.operator, version=version, host_app=world.host_app, plan=plan)
        assert terms(world)["plugins"][0]["name"] == "1.9.0"

    def test_a_plugin_must_open_wherever_its_user_opens(self, world, maps):
        maps.release("1.2.0", host_range={"android": {"min": "9.0.0", "max": None}})
        version = world.approve(use_maps(world))
        with pytest.raises(PluginMissing):
            services.start_release(
                actor=world.operator, version=version, host_app=world.host_app, plan=ReleasePlan(kind=Kind.FULL)
            )

    def test_a_gray_plugin_is_not_borrowed(self, world, maps):
        maps.release("1.2.0")
        maps.world.approve(maps.upload("1.3.0"))
        maps.world.release("1.3.0", share=50)
        world.approve(use_maps(world))
        world.release("1.0.0")
        assert terms(world)["plugins"][0]["name"] == "1.2.0"

    def test_another_workspaces_plugin_is_nobodys(self, world, maps):
        theirs = World.make("Elsewhere").beside("Maps")
        theirs.approve(theirs.upload("1.2.0", {"plugin.json": b"{}", "index.js": b"theirs"}))
        theirs.release("1.2.0")
        version = world.approve(use_maps(world))
        with pytest.raises(PluginMissing):
            services.start_release(
                actor=world.operator, version=version, host_app=world.host_app, plan=ReleasePlan(kind=Kind.FULL)
            )

    def test_a_plugin_is_named_by_three_numbers(self, maps):
        with pytest.raises(PluginVersionName):
            maps.upload("spring edition")

    def test_a_range_that_is_none_is_refused_at_upload(self, world):
        with pytest.raises(PackageRefused) as refused:
            use_maps(world, "the newest")
        assert refused.value.details["report"]["errors"][0]["code"] == "plugin_range"
