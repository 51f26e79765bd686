"""One master secret for all processes, and values that open only for what they were sealed for."""

from __future__ import annotations

import multiprocessing
import stat
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferry.kernel import secrets
from ferry.kernel.secrets import CannotUnseal, SecretUnusable, read_or_create, seal, unseal

purposes = st.text(min_size=1, max_size=30)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "secret.key"


def _first_start(file: Path, barrier: Barrier, results: multiprocessing.SimpleQueue[bytes]) -> None:
    barrier.wait(60)
    results.put(read_or_create(file))


def test_processes_that_start_at_once_agree_on_one_secret(file):
    spawn = multiprocessing.get_context("spawn")
    barrier, results = spawn.Barrier(6), spawn.SimpleQueue()
    starts = [spawn.Process(target=_first_start, args=(file, barrier, results)) for _ in range(6)]
    for start in starts:
        start.start()
    secrets_seen = {results.get() for _ in starts}
    for start in starts:
        start.join()
    assert secrets_seen == {file.read_bytes().strip()}
    assert [path.name for path in file.parent.iterdir()] == ["secret.key"]


def test_the_file_is_for_its_owner_alone(file):
    read_or_create(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_start_that_died_half_way_does_no_harm(file):
    file.parent.mkdir()
    (file.parent / ".secret.key.123.abcd").write_bytes(b"half")
    assert len(read_or_create(file)) == 44


def test_whoever_comes_second_never_replaces_the_first(file, monkeypatch):
    """Between "there is none" and "here is mine", another process was faster."""
    real = secrets._create

    def slow(path: Path) -> None:
        path.write_bytes(b"f" * 44)
        path.chmod(0o600)
        real(path)

    monkeypatch.setattr(secrets, "_create", slow)
    assert read_or_create(file) == b"f" * 44


@pytest.mark.parametrize("content", [b"", b"short\n"])
def test_a_damaged_file_stops_the_start_and_is_never_replaced(file, content):
    file.parent.mkdir()
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(SecretUnusable, match="backup"):
        read_or_create(file)
    assert file.read_bytes() == content


def test_a_file_that_everybody_may_read_stops_the_start(file):
    read_or_create(file)
    file.chmod(0o644)
    read_or_create.cache_clear()
    with pytest.raises(SecretUnusable, match="chmod 600"):
        read_or_create(file)


def test_the_environment_goes_before_the_file(settings, file):
    settings.FERRY_SECRET = "e" * 43
    assert secrets.master(data=file.parent) == b"e" * 43
    assert not file.exists()
    settings.FERRY_SECRET = "too short"
    with pytest.raises(SecretUnusable, match="FERRY_SECRET"):
        secrets.master()


def test_the_text_of_the_file_given_as_environment_is_the_same_secret(settings, file):
    in_file = secrets.derive("x", data=file.parent, override="")
    assert secrets.derive("x", override=file.read_text()) == in_file


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_each_purpose_has_a_key_of_its_own(one, other):
    assert (secrets.derive(one) == secrets.derive(other)) == (one == other)
    assert len(secrets.derive(one)) == 32


@given(st.binary(max_size=2000), purposes)
def test_what_is_sealed_opens_for_its_purpose(plain, purpose):
    sealed = seal(plain, purpose=purpose)
    assert unseal(sealed, purpose=purpose) == plain
    assert seal(plain, purpose=purpose) != sealed  # a nonce is used once
    assert plain not in sealed.encode() or len(plain) < 8


@given(st.binary(max_size=100), purposes, purposes)
def test_and_for_no_other(plain, purpose, other):
    if purpose != other:
        with pytest.raises(CannotUnseal):
            unseal(seal(plain, purpose=purpose), purpose=other)


@given(st.data())
def test_a_changed_value_does_not_open(data):
    sealed = seal(b"the private key", purpose="p")
    at = data.draw(st.integers(0, len(sealed) - 1))
    letter = data.draw(st.characters(codec="ascii"))
    changed = sealed[:at] + letter + sealed[at + 1 :]
    if changed != sealed:
        with pytest.raises(CannotUnseal):
            unseal(changed, purpose="p")


@given(st.text(max_size=80))
def test_nonsense_is_refused_in_words(text):
    with pytest.raises(CannotUnseal):
        unseal(text, purpose="p")


def test_another_secret_is_named_as_the_cause(settings):
    sealed = seal(b"value", purpose="p")
    settings.FERRY_SECRET = "another secret, as long as it has to be at least"
    with pytest.raises(CannotUnseal, match="another secret"):
        unseal(sealed, purpose="p")


class Hsm:
    """Stands for a company's own vault."""

    def seal(self, plain: bytes, *, purpose: str) -> str:
        return f"hsm:{purpose}:{plain.hex()}"

    def unseal(self, sealed: str, *, purpose: str) -> bytes:
        return bytes.fromhex(sealed.rpartition(":")[2])


def test_another_vault_can_take_over(settings):
    settings.FERRY_VAULT = f"{__name__}.Hsm"
    assert seal(b"value", purpose="p").startswith("hsm:p:")
    assert unseal(seal(b"value", purpose="p"), purpose="p") == b"value"
