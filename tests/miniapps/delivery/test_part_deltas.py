"""Sub-packages are delivered like packages: copies, and deltas from the part of the same name."""

from __future__ import annotations

import json
from collections.abc import Mapping

import zstandard

from ferry.kernel.storage import blobs
from miniapps.models import Part, Version
from miniapps.snapshot_load import load_program
from tests.miniapps.delivery.workshop import BOOK, deliver
from tests.miniapps.test_snapshot_load import Sources
from tests.world import PAGE, World

MANIFEST = json.dumps({"subpackages": [{"name": "book", "root": "pages/book"}]}).encode()


def upload(world: World, name: str, book: bytes) -> Version:
    files: Mapping[str, bytes] = {"index.html": PAGE, "ferry.json": MANIFEST, "pages/book/book.js": book}
    return world.upload(name, files)


def content(sha256: str) -> bytes:
    with blobs().open(sha256) as file:
        return file.read()


def test_a_changed_sub_package_comes_as_a_delta_and_an_unchanged_one_not_at_all(world: World) -> None:
    old = upload(world, "1.0.0", BOOK)
    new = upload(world, "2.0.0", BOOK[:30_000] + b"new" + BOOK[30_000:])
    for name in ("1.0.0", "2.0.0"):
        world.release(name)
    deliver()
    part = world.part()
    assert part is not None
    (entry,) = part["releases"]
    before, after = (Part.objects.of(world.workspace).get(version=each, name="book") for each in (old, new))
    (delta,) = entry["part_deltas"]  # none for the main part: it is the same
    assert (delta["name"], delta["code"]) == ("book", old.code)
    assert (delta["from"], delta["to"]) == (before.sha256, after.sha256)
    dictionary = zstandard.ZstdCompressionDict(content(before.sha256), dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    assert zstandard.ZstdDecompressor(dict_data=dictionary).decompress(content(delta["sha256"])) == content(
        after.sha256
    )

    sources = Sources()
    program = load_program("x", part, sources)
    (arm,) = (step[-1] for step in program.steps)
    update = json.loads(arm.deltas[old.code])
    assert update["part_deltas"] == [
        {
            "name": "book",
            "from": before.sha256,
            "url": f"https://edge.test/deltas/{before.sha256}-{after.sha256}",
            "size": delta["size"],
        }
    ]
    assert update["delta"]["from"] == old.sha256
    assert {each["sha256"] for each in update["terms"]["parts"]} <= sources.blobs
