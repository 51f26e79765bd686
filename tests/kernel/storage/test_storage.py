"""Both blob stores keep the same promises; what only one of them can do comes after."""

from __future__ import annotations

import hashlib
import io
import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from urllib.request import urlopen

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferry.kernel import clock, storage
from ferry.kernel.storage import BlobMissing, BlobStore, BlobTooLarge, local
from ferry.kernel.storage.base import CHUNK
from ferry.kernel.storage.local import LocalBlobs
from ferry.kernel.storage.s3 import S3Blobs, options
from tests.kernel.storage.s3_server import Server, s3

CONTENT = b"a mini-program" * 50_000  # more than one chunk
ADDRESS = hashlib.sha256(CONTENT).hexdigest()


def in_bucket(server: Server, place: str) -> S3Blobs:
    return S3Blobs(f"s3://key:secret@{place}?region=eu-west-1&endpoint=http://127.0.0.1:{server.server_port}")


@pytest.fixture(params=["local", "s3"])
def store(request, tmp_path) -> Iterator[BlobStore]:
    if request.param == "local":
        yield LocalBlobs(tmp_path / "blobs")
    else:
        with s3() as server:
            yield in_bucket(server, "bucket/ferry")


class TestPromises:
    def test_what_was_put_comes_back_under_its_hash(self, store):
        blob = store.put(CONTENT)
        assert (blob.sha256, blob.size) == (ADDRESS, len(CONTENT))
        with store.open(ADDRESS) as file:
            assert file.read() == CONTENT
            file.seek(5)
            assert file.read(4) == CONTENT[5:9]

    def test_streams_and_bytes_are_the_same(self, store):
        assert store.put(io.BytesIO(CONTENT)) == store.put(CONTENT)

    def test_nothing_is_something_too(self, store):
        assert store.put(b"").size == 0
        with store.open(hashlib.sha256(b"").hexdigest()) as file:
            assert file.read() == b""

    def test_what_is_not_there(self, store):
        assert not store.exists(ADDRESS)
        assert store.path(ADDRESS) is None
        store.delete(ADDRESS)
        with pytest.raises(BlobMissing):
            store.open(ADDRESS)

    def test_deleted_is_gone(self, store):
        store.put(CONTENT)
        assert store.exists(ADDRESS)
        store.delete(ADDRESS)
        assert not store.exists(ADDRESS)

    def test_what_is_stored_is_listed_with_its_age_and_what_is_old_can_go(self, store):
        before = clock.now() - timedelta(minutes=1)
        several = {store.put(bytes([number])).sha256 for number in range(5)}
        assert {each.sha256 for each in store.stored()} == several
        assert all(before < each.put_at < clock.now() + timedelta(minutes=1) for each in store.stored())
        one = several.pop()
        assert not store.remove_older(one, before)
        assert store.remove_older(one, clock.now() + timedelta(minutes=1))
        assert not store.remove_older(one, clock.now() + timedelta(minutes=1))
        assert not store.remove_older("../" + one, clock.now() + timedelta(minutes=1))
        assert {each.sha256 for each in store.stored()} == several

    def test_a_file_beyond_the_limit_leaves_nothing(self, store):
        with pytest.raises(BlobTooLarge):
            store.put(CONTENT, limit=len(CONTENT) - 1)
        assert not store.exists(ADDRESS)
        assert store.put(CONTENT, limit=len(CONTENT)).sha256 == ADDRESS

    @pytest.mark.parametrize(
        "address", ["", "../../secret.key", ADDRESS.upper(), ADDRESS + "\n", "a/" + ADDRESS[2:], "é" * 64]
    )
    def test_other_words_are_no_addresses(self, store, address):
        store.put(CONTENT)
        assert not store.exists(address)
        assert store.path(address) is None
        assert store.url(address, 60) is None
        store.delete(address)
        with pytest.raises(BlobMissing):
            store.open(address)


class TestLocal:
    @pytest.fixture
    def store(self, tmp_path) -> LocalBlobs:
        return LocalBlobs(tmp_path)

    def test_it_lies_where_it_says(self, store):
        store.put(CONTENT)
        assert store.path(ADDRESS).read_bytes() == CONTENT

    def test_a_source_that_breaks_leaves_nothing(self, store, tmp_path):
        class Broken(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            store.put(Broken())
        assert list((tmp_path / "tmp").iterdir()) == []

    def test_the_name_is_made_durable_after_the_bytes(self, store, monkeypatch):
        """Bytes synced, then renamed, then the folder synced: no order of power cuts shows half a file."""
        order: list[str] = []
        fsync, replace = os.fsync, os.replace
        monkeypatch.setattr(os, "fsync", lambda handle: (order.append("sync"), fsync(handle))[1])
        monkeypatch.setattr(os, "replace", lambda *args: (order.append("rename"), replace(*args))[1])
        store.put(b"first in its folder")
        assert order == ["sync", "sync", "rename", "sync"]  # bytes, new folder's name, rename, folder

    def test_put_again_mends_a_damaged_file(self, store):
        store.put(CONTENT)
        store.path(ADDRESS).write_bytes(b"rot")
        store.put(CONTENT)
        assert store.path(ADDRESS).read_bytes() == CONTENT

    def test_what_is_put_again_is_young_again(self, store):
        store.put(CONTENT)
        os.utime(store.path(ADDRESS), (0, 0))
        store.put(CONTENT)
        assert not store.remove_older(ADDRESS, clock.now() - timedelta(hours=1))
        assert store.exists(ADDRESS)

    def test_nothing_is_put_between_the_look_and_the_removal(self, store, monkeypatch):
        """The put that comes while the sweep looks waits for it, and its blob is there afterwards."""
        store.put(CONTENT)
        os.utime(store.path(ADDRESS), (0, 0))
        puts = threading.Thread(target=store.put, args=(CONTENT,))
        look = local._put_at

        def slowly(file):
            put_at = look(file)
            puts.start()
            puts.join(0.3)
            return put_at

        monkeypatch.setattr(local, "_put_at", slowly)
        assert store.remove_older(ADDRESS, clock.now() - timedelta(hours=1))
        puts.join(60)
        assert store.exists(ADDRESS)

    def test_a_reader_goes_on_while_the_same_blob_is_put_or_deleted(self, store):
        store.put(CONTENT)
        with store.open(ADDRESS) as file:
            start = file.read(CHUNK)
            store.put(CONTENT)
            store.delete(ADDRESS)
            assert start + file.read() == CONTENT

    def test_many_at_once_put_the_same(self, store):
        barrier, blobs = threading.Barrier(8), []

        def put() -> None:
            barrier.wait(10)
            blobs.append(store.put(CONTENT))

        threads = [threading.Thread(target=put) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(blobs) == 8
        assert store.path(ADDRESS).read_bytes() == CONTENT

    def test_the_sweep_takes_what_died_and_leaves_what_runs(self, store, tmp_path):
        store.put(CONTENT)
        (tmp_path / "tmp" / "running").write_bytes(b"half")
        dead = tmp_path / "tmp" / "dead"
        dead.write_bytes(b"half")
        os.utime(dead, (0, 0))
        assert store.sweep() == 1
        assert [path.name for path in (tmp_path / "tmp").iterdir()] == ["running"]
        assert store.exists(ADDRESS)

    def test_the_edge_serves_it_itself(self, store):
        store.put(CONTENT)
        assert store.url(ADDRESS, 60) is None


class TestS3:
    def test_the_same_content_is_sent_once(self):
        with s3() as server:
            store = in_bucket(server, "bucket/deep/prefix")
            store.put(CONTENT)
            store.put(CONTENT)
            assert list(server.objects) == [f"/bucket/deep/prefix/{ADDRESS[:2]}/{ADDRESS}"]
            assert server.objects[f"/bucket/deep/prefix/{ADDRESS[:2]}/{ADDRESS}"] == CONTENT
            assert server.log.count("PUT 200") == 1

    def test_old_content_is_sent_again_and_young_again(self):
        with s3() as server:
            store = in_bucket(server, "bucket")
            store.put(CONTENT)
            server.objects["/bucket/journal/1.log"] = server.objects["/bucket/notes.txt"] = b"not a blob"
            server.put_at[f"/bucket/{ADDRESS[:2]}/{ADDRESS}"] = clock.now() - timedelta(days=2)
            store.put(CONTENT)
            assert server.log.count("PUT 200") == 2
            assert not store.remove_older(ADDRESS, clock.now() - timedelta(days=1))
            assert [each.sha256 for each in store.stored()] == [ADDRESS]

    def test_a_half_object_is_replaced(self):
        with s3() as server:
            store = in_bucket(server, "bucket")
            server.objects[f"/bucket/{ADDRESS[:2]}/{ADDRESS}"] = CONTENT[:100]
            store.put(CONTENT)
            with store.open(ADDRESS) as file:
                assert file.read() == CONTENT

    def test_a_signed_address_opens_it(self):
        with s3() as server:
            store = in_bucket(server, "bucket")
            store.put(CONTENT)
            url = store.url(ADDRESS, 60)
            assert "X-Amz-Expires=60" in url
            assert "secret" not in url
            with urlopen(url) as answer:
                assert answer.read() == CONTENT
            said = store.url(ADDRESS, 60, "application/zip", "zstd")
            assert "response-content-type=application%2Fzip&response-content-encoding=zstd" in said

    def test_what_the_address_says(self):
        made = options("s3://k%2Fey:se%40cret@bucket/a/b?region=eu-west-1&endpoint=https://minio.example:9000")
        assert made["endpoint_url"] == "https://minio.example:9000"
        assert (made["access_key"], made["secret_key"]) == ("k/ey", "se@cret")
        assert (made["bucket_name"], made["location"], made["region_name"]) == ("bucket", "a/b", "eu-west-1")
        aws = options("s3://bucket")
        assert aws["endpoint_url"] is None
        assert "access_key" not in aws

    @pytest.mark.parametrize(
        "url", ["s3://", "s3:///bucket", "https://host/bucket", "bucket", "s3://bucket?endpiont=x"]
    )
    def test_an_address_that_says_less_or_more_is_refused(self, url):
        with pytest.raises(ValueError, match="STORAGE_URL"):
            options(url)


def test_the_setting_chooses_the_store(settings, tmp_path):
    settings.FERRY_STORAGE_URL, settings.FERRY_BLOB_DIR = "", tmp_path
    assert storage.blobs().put(b"x").size == 1
    assert next(path for path in tmp_path.rglob("*") if path.is_file()).read_bytes() == b"x"
    settings.FERRY_STORAGE_URL = "s3://key:secret@bucket?endpoint=http://127.0.0.1:1"
    assert isinstance(storage.blobs(), S3Blobs)
    assert storage.blobs() is storage.blobs()


@given(st.lists(st.binary(max_size=64), min_size=1, max_size=10))
def test_any_way_of_cutting_a_stream_gives_one_address(pieces):
    class Slow(io.RawIOBase):
        def __init__(self) -> None:
            self.left = [piece for piece in pieces if piece]

        def read(self, size: int = -1) -> bytes:
            return self.left.pop(0) if self.left else b""

    from ferry.kernel.storage.base import copy

    target = io.BytesIO()
    blob = copy(Slow(), target, None)
    assert target.getvalue() == b"".join(pieces)
    assert blob.sha256 == hashlib.sha256(b"".join(pieces)).hexdigest()
