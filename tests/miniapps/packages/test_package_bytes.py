"""The same files give the same bytes, whatever zipped them."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferry.kernel.signing.canonical import canonical_json
from miniapps.packages.canonical import files_root
from miniapps.packages.findings import Code, Refused
from miniapps.packages.guard import Limits
from miniapps.packages.intake import examine
from tests.miniapps.packages.taking import take
from tests.miniapps.packages.zips import Part, Zip
from tests.world import make_zip

FILES = {"index.html": b"<p>hi</p>", "js/app.js": b"let x" * 90, "img/船.svg": b"<svg/>", "empty.css": b""}


def shuffled(seed: int) -> dict[str, bytes]:
    names = list(FILES)
    random.Random(seed).shuffle(names)
    return {name: FILES[name] for name in names}


def test_order_compression_and_folder_of_the_upload_do_not_matter():
    uploads = [
        make_zip(shuffled(1)).read(),
        make_zip(shuffled(2), compression=zipfile.ZIP_STORED).read(),
        make_zip({f"dist/{name}": content for name, content in shuffled(3).items()}).read(),
        make_zip({**shuffled(4), "__MACOSX/._index.html": b"junk", ".DS_Store": b"junk"}).read(),
    ]
    assert len({take(upload)[1] for upload in uploads}) == 1


def test_the_address_of_a_package_never_changes():
    """Fixed here, because phones hold packages under it: another value is another format."""
    package, raw = take(make_zip({"index.html": b"hello\n"}).read())
    assert hashlib.sha256(raw).hexdigest() == package.sha256
    assert package.sha256 == "d8df449561b1a2cacbe0df77d8170bd344c39becda14dc63ab0ac1477182c7da"
    assert package.files_root == "c7de5f2def43bcce45c92a4593b9593bce287579bd219269fdf6ba5ed03d9539"


def test_a_file_can_be_read_by_its_offset():
    package, raw = take(make_zip(FILES).read())
    assert [path for path, *_ in package.files] == sorted(FILES)
    for path, offset, size, sha256 in package.files:
        assert raw[offset : offset + size] == FILES[path]
        assert hashlib.sha256(FILES[path]).hexdigest() == sha256


def test_any_zip_reader_sees_the_files_with_a_fixed_date():
    _, raw = take(make_zip(FILES).read())
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert {info.filename: archive.read(info) for info in archive.infolist()} == FILES
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_the_canonical_package_is_canonical_itself():
    package, raw = take(make_zip(FILES).read())
    assert take(raw) == (package, raw)


def test_the_files_root_can_be_computed_from_unpacked_files():
    package, _ = take(make_zip(FILES).read())
    table = [[path, len(content), hashlib.sha256(content).hexdigest()] for path, content in sorted(FILES.items())]
    assert package.files_root == hashlib.sha256(canonical_json(table)).hexdigest()
    assert files_root(package.files[::-1]) == package.files_root


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, st.binary(max_size=200), max_size=6), st.randoms())
def test_whatever_is_taken_is_taken_the_same_way(files, chance):
    files = {**files, "index.html": b"x"}
    names = list(files)
    chance.shuffle(names)
    try:
        first = take(make_zip(files).read())
    except Refused:
        return
    assert take(make_zip({name: files[name] for name in names}).read()) == first


def report_of(files):
    return examine(make_zip(files), Limits())


def test_a_manifest_says_what_the_package_is():
    about = {"name": "Ferry", "version": "1.2.0", "entry": "start.html", "host_range": {"ios": {"min": "6.0"}}}
    draft = report_of({"index.html": b"x", "start.html": b"y", "ferry.json": json.dumps(about).encode()})
    assert (draft.manifest.version, draft.entry, draft.manifest.host_range) == (
        "1.2.0",
        "start.html",
        {"ios": {"min": "6.0"}},
    )


def test_ferry_json_goes_before_the_manifest_of_a_web_app():
    files = {"index.html": b"x", "manifest.json": b'{"name": "PWA"}', "ferry.json": b'{"name": "Ferry"}'}
    assert report_of(files).manifest.name == "Ferry"


def test_what_is_wrong_in_ferry_json_is_an_error_and_in_a_web_manifest_ignored():
    wrong = b'{"version": {"code": 5}, "start_url": "/"}'
    ours = report_of({"index.html": b"x", "ferry.json": wrong}).report
    theirs = report_of({"index.html": b"x", "manifest.json": wrong}).report
    assert [finding.code for finding in ours.errors] == [Code.MEMBER_INVALID]
    assert [finding.code for finding in ours.ignored] == [Code.MEMBER_IGNORED]
    assert not theirs.errors
    assert [finding.code for finding in theirs.ignored] == [Code.MEMBER_IGNORED]


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_a_manifest_that_is_no_json_object_is_refused(raw):
    with pytest.raises(Refused) as refused:
        report_of({"index.html": b"x", "ferry.json": raw})
    assert refused.value.finding.code == Code.MANIFEST_NOT_JSON


def test_a_huge_manifest_is_not_read():
    with pytest.raises(Refused) as refused:
        report_of({"index.html": b"x", "ferry.json": random.Random(1).randbytes(1_100_000)})
    assert refused.value.finding.code == Code.MANIFEST_TOO_LARGE


def test_an_entry_that_is_not_there_is_an_error():
    draft = report_of({"index.html": b"x", "ferry.json": b'{"entry": "../outside.html"}'})
    assert [finding.code for finding in draft.report.errors] == [Code.ENTRY_MISSING]


def test_one_wrapping_folder_is_left_out_and_two_are_not():
    one = report_of({"dist/index.html": b"x", "dist/a/b.js": b"y"})
    assert [finding.code for finding in one.report.warnings] == [Code.FOLDER_STRIPPED]
    assert set(one.sources) == {"index.html", "a/b.js"}
    for files in ({"a/b/index.html": b"x"}, {"a/index.html": b"x", "b/c.js": b"y"}):
        with pytest.raises(Refused) as refused:
            report_of(files)
        assert refused.value.finding.code == Code.NO_ENTRY


def test_names_are_kept_in_the_form_in_which_browsers_ask():
    draft = examine(io.BytesIO(Zip((Part(b"index.html"), Part("e\u0301.js".encode()))).bytes()), Limits())
    assert "\u00e9.js" in draft.sources
    assert [finding.code for finding in draft.report.warnings] == [Code.NAME_NORMALISED]
