"""The Java host fetches sub-packages when they are needed and brings plugins along, at a real edge."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.hosts.java_phone import PAGE, Phone, names
from tests.hosts.liar import Answer, Liar
from tests.hosts.live import LiveEdge
from tests.world import World

MAIN = "__APP__"
MANIFEST = {
    "subpackages": [
        {"name": "book", "root": "pages/book"},
        {"name": "pay", "root": "pages/pay", "independent": True},
        {"name": "map", "root": "pages/map"},
    ],
    "preload": {"index": ["book"]},
}


def release(world: World, name: str, *, pay: str = "pay", **more: object) -> None:
    """A version in four parts, for everybody."""
    files = {
        "index.html": PAGE % name.encode(),
        "ferry.json": json.dumps(MANIFEST | more).encode(),
        "pages/book/book.html": PAGE % b"book",
        "pages/pay/pay.html": PAGE % pay.encode(),
        "pages/map/map.html": PAGE % b"map",
    }
    world.approve(world.upload(name, files))
    world.release(name)


def fetched(events: list[dict[str, Any]]) -> list[str]:
    return [line["name"] for line in events if line["event"] == "part"]


@pytest.fixture
def program(world: World, edge: LiveEdge) -> str:
    release(world, "1.0.0")
    edge.poll()
    return world.program.program_id


def test_parts_come_when_pages_need_them_and_stay(phone: Phone, program: str, liar: Liar) -> None:
    events = phone.run("--want", program)
    assert fetched(events) == [MAIN, "book"]  # what opens, and what its page names ahead
    assert events[-2]["title"] == "1.0.0"
    assert len(liar.paths("/packages/")) == 2
    assert phone.run("--offline", "--page", f"{program}=pages/book/book.html")[-1]["title"] == "book"
    missing = phone.run("--offline", "--page", f"{program}=pages/map/map.html")
    assert (names(missing), phone.status) == (["part_missing"], 1)
    assert fetched(phone.run("--page", f"{program}=pages/map/map.html")) == ["map"]
    assert phone.run("--offline", "--page", f"{program}=pages/map/map.html")[-1]["title"] == "map"
    assert fetched(phone.run("--page", f"{program}=pages/pay/pay.html")) == ["pay"]
    assert phone.run("--offline")[-1]["title"] == "1.0.0"  # all of them together are the signed table of files


def test_an_independent_part_opens_alone(phone: Phone, program: str) -> None:
    events = phone.run("--want", program, "--page", f"{program}=pages/pay/pay.html")
    assert fetched(events) == ["pay"]
    assert events[-1]["title"] == "pay"
    there_is_no_such_page = phone.run("--page", f"{program}=pages/pay/none.html")
    assert fetched(there_is_no_such_page)[0] == MAIN
    assert next(line for line in there_is_no_such_page if line["event"] == "opened")["page"] == "index.html"


def test_an_update_brings_what_changed_of_what_is_here_and_lets_the_old_go(
    world: World, edge: LiveEdge, phone: Phone, program: str
) -> None:
    phone.run("--want", program)
    phone.run("--page", f"{program}=pages/pay/pay.html")
    for number in (2, 3, 4):
        release(world, f"{number}.0.0", pay=f"pay {number}")
        edge.poll()
        assert set(fetched(phone.run())) == {MAIN, "pay"}  # "book" is the same, "map" was never here
    assert phone.run("--offline", "--page", f"{program}=pages/pay/pay.html")[-1]["title"] == "pay 4"
    assert len(list((phone.folder / "packages").iterdir())) == 5  # book, and two of two versions


def test_wrong_bytes_are_never_kept_and_damaged_ones_never_run(
    world: World, edge: LiveEdge, phone: Phone, program: str, liar: Liar
) -> None:
    def tampered(path: str, true: httpx.Response) -> Answer | None:
        return Answer(200, true.content.replace(b"map<", b"mop<")) if path.startswith("/packages/") else None

    phone.run("--want", program)
    here = sorted((phone.folder / "packages").iterdir())
    liar.lie = tampered
    events = phone.run("--page", f"{program}=pages/map/map.html")
    assert [line.get("reason") for line in events if line["event"] == "refused"] == ["hash"]
    liar.lie = None
    assert phone.run("--offline")[-1]["title"] == "1.0.0"  # what is here is none the worse
    for file in here:
        if file.exists():
            file.write_bytes(file.read_bytes().replace(b"1.0.0", b"6.6.6"))
    assert [line["event"] for line in phone.run("--offline")][-1:] != ["opened"]
    assert phone.opened("--open", program) == "1.0.0"  # fetched anew


def test_a_plugin_comes_along_and_is_done_without_when_it_is_gone(world: World, edge: LiveEdge, phone: Phone) -> None:
    charts = world.beside("Charts")
    charts.approve(charts.upload("1.0.0", {"plugin.json": b"{}", "index.js": b"// charts"}))
    charts.release("1.0.0")
    release(world, "1.0.0", plugins={"chart": {"id": "charts", "range": "^1.0.0"}})
    edge.poll()
    assert fetched(phone.run("--want", world.program.program_id)) == [MAIN, "chart", "book"]
    (opened,) = (phone.folder / "open").iterdir()
    assert (opened / ".ferry/plugin/chart/index.js").read_bytes() == b"// charts"
    charts.approve(charts.upload("1.1.0", {"plugin.json": b"{}", "index.js": b"// better charts"}))
    charts.release("1.1.0")
    edge.poll()
    assert fetched(phone.run()) == ["chart"]
    assert (opened / ".ferry/plugin/chart/index.js").read_bytes() == b"// better charts"
    charts.withdraw()
    edge.poll()
    assert phone.opened() == "1.0.0"
    assert not (opened / ".ferry").exists()


def test_a_program_of_which_nothing_is_left_is_wanted_anew(world: World, edge: LiveEdge, phone: Phone) -> None:
    world.release("1.0.0")
    edge.poll()
    phone.run("--want", world.program.program_id)
    (package,) = (phone.folder / "packages").iterdir()
    package.write_bytes(package.read_bytes().replace(b"hello", b"hullo"))
    assert names(phone.run("--offline")) == ["refused"]
    assert names(phone.run())[-2:] == ["installed", "opened"]
