"""Cutting a package into parts: together they are the whole, apart they stand alone."""

from __future__ import annotations

import hashlib
import io
import zipfile

from hypothesis import given
from hypothesis import strategies as st

from miniapps.packages.canonical import write_package
from miniapps.packages.parts import MAIN, split, write_part
from miniapps.packages.ranges import is_range, is_version, newest_within

ROOTS = [{"name": name, "root": f"pages/{name}", "independent": name == "pay"} for name in ("pay", "map")]
FOLDERS = st.sampled_from(["", "pages/", "pages/pay/", "pages/map/", "pages/payment/", "pages/pay/map/"])
FILES = st.dictionaries(st.builds(str.__add__, FOLDERS, st.sampled_from("abcd")), st.binary(max_size=40), min_size=1)


def whole(files: dict[str, bytes]):
    out = io.BytesIO()
    return write_package(files, lambda path: iter([files[path]]), out), out


@given(FILES)
def test_the_parts_together_are_the_whole(files: dict[str, bytes]):
    package, out = whole(files)
    unpacked: dict[str, bytes] = {}
    for part in split(ROOTS, package.files):
        written = io.BytesIO()
        sha256, size = write_part(part, out, written)
        assert hashlib.sha256(written.getvalue()).hexdigest() == sha256
        assert len(written.getvalue()) == size
        with zipfile.ZipFile(written) as archive:
            assert archive.testzip() is None
            inside = {info.filename: archive.read(info) for info in archive.infolist()}
        assert inside
        assert not inside.keys() & unpacked.keys()
        assert all(path.startswith(part.root) for path in inside)
        unpacked |= inside
    assert unpacked == files


def test_the_main_part_holds_what_is_in_no_sub_package():
    files = {"index.html": b"1", "pages/pay/a.js": b"2", "pages/payment.js": b"3", "pages/map/b.js": b"4"}
    parts = split(ROOTS, whole(files)[0].files)
    assert [(part.name, [row[0] for row in part.files]) for part in parts] == [
        (MAIN, ["index.html", "pages/payment.js"]),
        ("pay", ["pages/pay/a.js"]),
        ("map", ["pages/map/b.js"]),
    ]
    assert [part.independent for part in parts] == [False, True, False]


def test_without_sub_packages_there_is_nothing_to_cut():
    assert split([], whole({"index.html": b"1"})[0].files) == []


def test_ranges_are_read_as_npm_reads_them():
    names = ["1.2.0", "1.3.5", "1.4.0-beta.1", "2.0.0", "not a version"]
    assert newest_within("^1.2.0", names) == "1.3.5"
    assert newest_within("~1.2.0", names) == "1.2.0"
    assert newest_within(">=1 <3", names) == "2.0.0"
    assert newest_within("1.x", names) == "1.3.5"
    assert newest_within("*", names) == "2.0.0"
    assert newest_within(">=1.4.0-beta.0", names) == "2.0.0"
    assert newest_within("^3.0.0", names) is None
    assert not is_range("the newest")
    assert is_range("1.2.0 - 2.3.4")
    assert is_version("1.4.0")
    assert not is_version("1.4")
