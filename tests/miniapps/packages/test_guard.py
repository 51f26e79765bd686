"""Evil zips are refused with a typed code, fast and in little memory; honest ones are taken, whoever wrote them."""

from __future__ import annotations

import io
import resource
import subprocess
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniapps.packages.findings import Code, Refused
from miniapps.packages.guard import Limits, open_archive
from miniapps.packages.intake import examine
from tests.miniapps.packages.local_reader import Unreadable, read_by_local_headers
from tests.miniapps.packages.taking import LIMITS, take
from tests.miniapps.packages.zips import EVIL, PLAIN, Evil, Part, Zip
from tests.world import make_zip


@pytest.mark.parametrize("evil", EVIL, ids=lambda evil: evil.name)
def test_an_evil_zip_is_refused_by_its_code_in_no_time(evil: Evil):
    raw = evil.make()
    started = time.process_time()
    with pytest.raises(Refused) as refused:
        take(raw)
    assert refused.value.finding.code == evil.code
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "evil", [evil for evil in EVIL if "bomb" in evil.name or "MB" in evil.name], ids=lambda e: e.name
)
def test_a_bomb_takes_no_memory(evil: Evil):
    raw = evil.make()
    tracemalloc.start()
    with pytest.raises(Refused):
        take(raw)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 << 20


def test_archives_of_the_zip_slip_collection_are_refused(shared_data: Path):
    archives = sorted((shared_data / "evil-zips").glob("*.zip"))
    if not archives:
        pytest.skip("shared/data/evil-zips is empty")
    for archive in archives:
        with pytest.raises(Refused) as refused, archive.open("rb") as file:
            examine(file, LIMITS)
        assert refused.value.finding.code in {Code.NAME_TRAVERSAL, Code.NAME_BACKSLASH}, archive.name


def test_a_bomb_below_the_ratio_is_stopped_by_the_total():
    parts = tuple(Part(b"f%d.bin" % number, content=bytes(10 << 20), method=0) for number in range(3))
    with pytest.raises(Refused) as refused:
        take(Zip((Part(b"index.html"), *parts)).bytes(), Limits(total=25 << 20))
    assert refused.value.finding.code == Code.TOO_LARGE


HONEST = {
    "deflated": lambda: make_zip({"index.html": b"x" * 1000, "a/b.js": b"y"}).read(),
    "stored": lambda: make_zip({"index.html": b"x"}, compression=zipfile.ZIP_STORED).read(),
    "with a comment": lambda: Zip(comment=b"made by git archive").bytes(),
    "streamed, with data descriptors": lambda: Zip(
        (Part(b"index.html", descriptor=True), Part(b"b.js", descriptor=True))
    ).bytes(),
    "with folders": lambda: Zip(
        (Part(b"a/", b"", method=0, mode=0o040755), Part(b"index.html"), Part(b"a/b.js"))
    ).bytes(),
    "without Unix modes": lambda: Zip((Part(b"index.html", mode=0),)).bytes(),
    "with an unknown extra field": lambda: Zip((Part(b"index.html", extra=b"UT\5\0\1abcd"),)).bytes(),
    "with Chinese names": lambda: make_zip({"index.html": b"x", "图片/船.svg": b"y"}).read(),
    "with an empty file": lambda: make_zip({"index.html": b"x", "app.css": b""}).read(),
    "with a zip in it": lambda: make_zip({"index.html": b"x", "inner.zip": PLAIN.bytes()}).read(),
    "well compressible": lambda: make_zip({"index.html": b"<div></div>" * 60_000}).read(),
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_zips_are_taken(name):
    package, raw = take(HONEST[name]())
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert archive.testzip() is None
        assert "index.html" in archive.namelist()
    assert package.size == len(raw)


def test_a_zip_written_into_a_pipe_is_taken():
    """Python writes data descriptors when it cannot seek."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.written = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data) -> int:
            self.written += data
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.html", b"x" * 5000)
    assert take(bytes(pipe.written))[0].files[0][0] == "index.html"


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_change_of_a_byte_makes_it_crash_or_lie(data):
    """Whatever is done to an archive, it is refused, or it still means the files it meant to zipfile."""
    original = make_zip({"index.html": b"hello" * 40, "a/b.js": b"let x = 1"}).read()
    raw = bytearray(original)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(raw) - 1))
        act = data.draw(st.sampled_from(["set", "cut", "add"]))
        if act == "set":
            raw[place] = data.draw(st.integers(0, 255))
        elif act == "cut" and len(raw) > 1:
            del raw[place]
        else:
            raw.insert(place, data.draw(st.integers(0, 255)))
    try:
        _, canonical = take(bytes(raw))
    except Refused:
        return
    with zipfile.ZipFile(io.BytesIO(canonical)) as ours, zipfile.ZipFile(io.BytesIO(bytes(raw))) as theirs:
        for name in filter(str.isascii, ours.namelist()):  # zipfile reads others in the code page of 1981
            assert ours.read(name) == theirs.read(name)


VALUES = st.sampled_from([0, 1, 2, 8, 20, 45, 64, 0xFF, 0xFFFF])
CONTENTS = st.one_of(st.binary(max_size=60), st.just(b"x" * 5000), st.just(make_zip({"in": b"zip"}).read()))
PARTS = st.builds(
    Part,
    name=st.sampled_from([b"index.html", b"a/b.js", b"a/", b"c.css", b"A/b.js", b"../x"]),
    content=CONTENTS,
    method=st.sampled_from([0, 8, 8, 9]),
    flags=st.sampled_from([0, 1 << 11, 1 << 11, 1 << 3, 6]),
    mode=st.sampled_from([0, 0o100644, 0o100644, 0o040755, 0o120777]),
    descriptor=st.booleans(),
    crc=st.none() | VALUES,
    size=st.none() | VALUES,
    local_name=st.none() | st.sampled_from([b"index.html", b"other.js", b"a/b.j"]),
    local_size=st.none() | VALUES,
    local_method=st.none() | st.sampled_from([0, 8]),
    extra=st.binary(max_size=8),
    local_extra=st.binary(max_size=8),
    before=st.sampled_from([b"", b"", b"PK"]),
)
ORDINARY = st.builds(
    Part,
    name=st.sampled_from([b"a/b.js", b"c.css", b"d/e/f.png", b"g.json"]),
    content=CONTENTS,
    method=st.sampled_from([0, 8]),
    flags=st.sampled_from([0, 1 << 11]),
    mode=st.sampled_from([0, 0o100644]),
    descriptor=st.booleans(),
)
ZIPS = st.builds(
    lambda honest, odd, comment, count: Zip((Part(b"index.html"), *honest, *odd), comment=comment, count=count),
    st.lists(ORDINARY, max_size=3, unique_by=lambda part: part.name),
    st.just([]) | st.lists(PARTS, max_size=1),
    st.sampled_from([b"", b"", b"comment", b"PK\5\6" + bytes(18)]),
    st.none() | st.none() | VALUES,
)


@settings(max_examples=600, deadline=None)
@given(ZIPS, st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=2) | st.just([]))
def test_what_is_taken_means_the_same_to_every_reader(made, changes):
    """Python reads the directory, phones the local headers; what is accepted is the same files to both and to us."""
    raw = bytearray(made.bytes())
    for place, value in changes:
        raw[int(place * len(raw))] = value
    try:
        draft = examine(io.BytesIO(bytes(raw)), LIMITS)
        out = io.BytesIO()
        draft.write(out)
    except Refused:
        return
    ours = {source.encode(): zipfile.ZipFile(out).read(path) for path, source in draft.sources.items()}
    with zipfile.ZipFile(io.BytesIO(bytes(raw))) as archive:
        for name in filter(bytes.isascii, ours):
            assert archive.read(name.decode()) == ours[name]
        assert len([name for name in archive.namelist() if not name.endswith("/")]) == len(draft.archive.entries)
    try:
        streamed = read_by_local_headers(bytes(raw))
    except Unreadable:
        return
    assert {name: content for name, content in streamed.items() if name in ours} == ours
    assert {name for name in streamed if not name.endswith(b"/")} == {path.encode() for path in draft.archive.entries}


def test_an_archive_in_the_package_is_named_in_the_report():
    """It is a file like any other to us, and nobody unpacks it unasked; a reviewer should know that it is there."""
    inner = make_zip({"deep.js": b"1" * 100}).read()
    draft = examine(make_zip({"index.html": b"x", "more.dat": inner, "data.gz": b"\x1f\x8b\x08rest"}), LIMITS)
    draft.write(io.BytesIO())
    assert [(finding.code, finding.path) for finding in draft.report.warnings] == [
        (Code.NESTED_ARCHIVE, "data.gz"),
        (Code.NESTED_ARCHIVE, "more.dat"),
    ]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_noise_is_refused(noise, with_magic):
    with pytest.raises(Refused):
        take(b"PK\3\4" + noise if with_magic else noise)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=5))
def test_names_that_pass_stay_inside_and_apart(names):
    parts = tuple(Part(name.encode("utf-8", "replace"), method=0) for name in names)
    try:
        archive = open_archive(io.BytesIO(Zip(parts).bytes()), LIMITS)
    except Refused:
        return
    for path in archive.entries:
        pure = Path(path)
        assert not pure.is_absolute()
        assert ".." not in pure.parts
        assert "\\" not in path
    assert len({path.casefold() for path in archive.entries}) == len(archive.entries)


def test_the_whole_process_stays_small_with_the_largest_upload(tmp_path):
    """A 50 MB package passes through in a process of its own without ever being in memory."""
    archive = tmp_path / "large.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as out:
        out.writestr("index.html", b"x")
        noise = bytes(range(256)) * 4096
        for number in range(50):
            out.writestr(f"asset-{number}.bin", noise)
    code = (
        "import resource, sys, tempfile\n"
        "from miniapps.packages.guard import Limits\n"
        "from miniapps.packages.intake import examine\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "with open(sys.argv[1], 'rb') as file, tempfile.TemporaryFile() as out:\n"
        "    print(examine(file, Limits(archive=1 << 30)).write(out).size)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(archive)],
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=True,
    )
    size, grown = map(int, ran.stdout.split())
    assert size > 50 << 20
    kilobytes = grown if sys.platform != "darwin" else grown // 1024
    assert kilobytes < 8 * 1024
    assert resource.RUSAGE_SELF == 0
