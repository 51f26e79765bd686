"""How a package travels: the form that a client takes, deltas, and what a proxy in between may keep."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
import zstandard

from ferry.edge.settings import EdgeSettings
from ferry.edge.snapshot import holder
from ferry.kernel.storage import blobs
from miniapps.delivery import selectors as delivery
from miniapps.models import Derived, Form
from tests.edge.phone import Phone
from tests.miniapps.delivery.workshop import FIRST, SECOND, deliver, row
from tests.world import World

BROWSER = "gzip, deflate, br, zstd, dcb, dcz"


class Pair:
    """A phone, and two versions of one program of which it has the first."""

    def __init__(self, world: World, settings: EdgeSettings) -> None:
        self.world = world
        self.first, self.second = world.upload("1.0.0", FIRST), world.upload("2.0.0", SECOND)
        world.release("1.0.0")
        world.release("2.0.0", share=100)
        deliver()
        self.phone = Phone(world, settings)
        self.program = world.program.program_id
        self.path = f"/packages/{self.second.sha256}?of={self.program}"

    def get(self, path: str = "", **headers: str) -> Any:
        return self.phone.edge("GET", path or self.path, **headers)

    def package(self, which: str = "second") -> bytes:
        with blobs().open(getattr(self, which).sha256) as file:
            return file.read()

    def dictionary(self) -> dict[str, str]:
        digest = base64.b64encode(bytes.fromhex(self.first.sha256)).decode()
        return {"accept_encoding": BROWSER, "available_dictionary": f":{digest}:"}

    def blob(self, form: Form, base: str = "") -> bytes:
        with blobs().open(row(self.world, form, self.second.sha256, base).sha256) as file:
            return file.read()


@pytest.fixture
def pair(transactional_db: None, edge_settings: EdgeSettings) -> Pair:
    return Pair(World.make(), edge_settings)


class TestCheckIn:
    def test_a_phone_that_has_a_version_is_told_of_the_delta(self, pair: Pair) -> None:
        (update,) = pair.phone.check_in(installed=[{"id": pair.program, "code": pair.first.code}])["updates"]
        delta = update["delta"]
        assert delta["from"] == pair.first.sha256
        answer = pair.get(delta["url"].removeprefix("https://edge.test"))
        assert answer.status_code == 200
        assert len(answer.content) == delta["size"]
        dictionary = zstandard.ZstdCompressionDict(pair.package("first"), dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        result = zstandard.ZstdDecompressor(dict_data=dictionary).decompress(answer.content)
        assert hashlib.sha256(result).hexdigest() == update["package"]["sha256"]

    def test_a_phone_without_one_is_not(self, pair: Pair) -> None:
        (fresh,) = pair.phone.check_in(want=[pair.program])["updates"]
        assert "delta" not in fresh
        (unknown,) = pair.phone.check_in(installed=[{"id": pair.program, "code": 77}])["updates"]
        assert unknown == fresh

    def test_a_roll_back_has_one_too(self, pair: Pair) -> None:
        pair.world.release("1.0.0")
        (update,) = pair.phone.check_in(installed=[{"id": pair.program, "code": pair.second.code}])["updates"]
        assert update["code"] == pair.first.code
        assert update["delta"]["from"] == pair.second.sha256


class TestEncodings:
    @pytest.mark.parametrize("encoding", ["zstd", "gzip"])
    def test_a_prepared_copy_for_who_takes_it(self, pair: Pair, encoding: str) -> None:
        answer = pair.get(accept_encoding=encoding)
        assert answer.headers["content-encoding"] == encoding
        assert answer.headers["content-length"] == str(len(pair.blob(Form(encoding))))
        assert answer.headers["etag"] == f'"{pair.second.sha256}-{encoding}"'
        assert answer.headers["accept-ranges"] == "none"
        assert answer.headers["vary"] == "Accept-Encoding, Available-Dictionary"
        assert answer.headers["content-type"] == "application/zip"
        assert pair.get(accept_encoding=encoding, if_none_match=answer.headers["etag"]).status_code == 304

    def test_as_it_is_for_everybody_else(self, pair: Pair) -> None:
        answer = pair.get(accept_encoding="identity")
        assert "content-encoding" not in answer.headers
        assert answer.content == pair.package()
        assert answer.headers["vary"] == "Accept-Encoding, Available-Dictionary"
        assert answer.headers["etag"] == f'"{pair.second.sha256}"'

    def test_ranges_are_of_the_package_as_it_is(self, pair: Pair) -> None:
        answer = pair.get(accept_encoding=BROWSER, range="bytes=10-19")
        assert answer.status_code == 206
        assert answer.content == pair.package()[10:20]
        assert answer.headers["etag"] == f'"{pair.second.sha256}"'
        begun_compressed = f'"{pair.second.sha256}-zstd"'
        again = pair.get(accept_encoding=BROWSER, range="bytes=10-19", if_range=begun_compressed)
        assert (again.status_code, again.content) == (200, pair.package())

    def test_a_copy_that_is_lost_costs_only_its_savings(self, pair: Pair) -> None:
        blobs().delete(row(pair.world, Form.ZSTD, pair.second.sha256).sha256)
        answer = pair.get(accept_encoding="zstd")
        assert answer.status_code == 200
        assert answer.content == pair.package()

    def test_an_object_store_answers_in_the_same_encoding(self, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
        said: list[tuple[Any, ...]] = []

        def url(store: Any, *asked: Any) -> str:
            said.append(asked)
            return "https://s3.test/x"

        monkeypatch.setattr(type(blobs()), "url", url)
        assert pair.get(accept_encoding="gzip").status_code == 302
        assert said == [(row(pair.world, Form.GZIP, pair.second.sha256).sha256, 300, "application/zip", "gzip")]


class TestDictionary:
    def test_a_browser_that_has_the_old_package_gets_the_delta(self, pair: Pair) -> None:
        """The same bytes as the delta's own address, behind the 40 bytes of RFC 9842."""
        answer = pair.get(**pair.dictionary())
        assert answer.headers["content-encoding"] == "dcz"
        delta = pair.blob(Form.DELTA, pair.first.sha256)
        head = bytes.fromhex("5e2a4d1820000000") + bytes.fromhex(pair.first.sha256)
        assert answer.content == head + delta
        assert answer.headers["content-length"] == str(40 + len(delta))
        assert answer.headers["etag"] == f'"{pair.second.sha256}-dcz-{pair.first.sha256[:16]}"'
        assert pair.get(**pair.dictionary(), if_none_match=answer.headers["etag"]).status_code == 304

    def test_each_package_offers_itself_for_the_next_one_of_its_program(self, pair: Pair) -> None:
        answer = pair.get(accept_encoding=BROWSER)
        assert answer.headers["use-as-dictionary"] == f'match="/packages/*\\\\?of={pair.program}"'
        assert answer.headers["content-encoding"] == "zstd"
        assert "use-as-dictionary" not in pair.get(f"/packages/{pair.second.sha256}").headers
        assert "use-as-dictionary" not in pair.get(f'/packages/{pair.second.sha256}?of="%0d').headers

    @pytest.mark.parametrize("digest", ["", ":", ":AAAA:", ":" + "A" * 43 + "=:"])
    def test_another_dictionary_is_of_no_use(self, pair: Pair, digest: str) -> None:
        answer = pair.get(accept_encoding=BROWSER, available_dictionary=digest)
        assert answer.headers["content-encoding"] == "zstd"

    def test_who_does_not_take_dcz_does_not_get_it(self, pair: Pair) -> None:
        asked = pair.dictionary() | {"accept_encoding": "gzip, dcz;q=0"}
        assert pair.get(**asked).headers["content-encoding"] == "gzip"


class TestAddresses:
    def test_the_deflated_zip(self, pair: Pair) -> None:
        made = delivery.deflated_zip(pair.second)
        assert made is not None
        answer = pair.get(made.path)
        assert hashlib.sha256(answer.content).hexdigest() == made.sha256
        assert answer.headers["etag"] == f'"{made.sha256}"'
        assert pair.get(made.path, range="bytes=0-3").content == b"PK\3\4"

    def test_ranges_of_a_delta(self, pair: Pair) -> None:
        path = f"/deltas/{pair.first.sha256}-{pair.second.sha256}"
        whole = pair.get(path)
        assert whole.headers["cache-control"].startswith("public, max-age=31536000, immutable")
        part = pair.get(path, range="bytes=5-", if_range=whole.headers["etag"])
        assert whole.content[:5] + part.content == whole.content

    @pytest.mark.parametrize(
        "path", ["/deltas/", "/deltas/x", "/deltas/" + "0" * 64, f"/deltas/{'0' * 64}-{'1' * 64}", "/deltas/../x"]
    )
    def test_only_deltas_that_a_snapshot_names(self, pair: Pair, path: str) -> None:
        assert pair.get(path).status_code == 404

    def test_derived_files_are_no_packages(self, pair: Pair) -> None:
        for derived in Derived.objects.of(pair.world.workspace).exclude(sha256=""):
            assert pair.get(f"/packages/{derived.sha256}").status_code == 404

    def test_a_delta_that_is_no_longer_offered_can_be_finished(
        self, pair: Pair, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = f"/deltas/{pair.first.sha256}-{pair.second.sha256}"
        pair.world.release("3.0.0")
        assert pair.phone.client.poll()
        assert pair.get(path).status_code == 200
        monkeypatch.setattr(holder.time, "monotonic", lambda: holder.KEEP_BLOBS_S * 1e6)
        assert pair.phone.client.snapshots.named(path.removeprefix("/deltas/")) is None
