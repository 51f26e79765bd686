"""Device tokens: what is issued is read, and nothing else is."""

from __future__ import annotations

import base64
import hmac

from hypothesis import given
from hypothesis import strategies as st

from ferry.edge.tokens import DeviceKeys, DeviceToken

KEYS = DeviceKeys(b"d" * 32, "fa_test")
said = st.builds(
    DeviceToken, st.text(max_size=64), st.integers(0, 1 << 50), st.none() | st.text(max_size=128), st.booleans()
)


@given(said, st.binary(min_size=1, max_size=200))
def test_the_mac_is_the_hmac_that_the_documents_name(token: DeviceToken, key: bytes) -> None:
    """It is put together from hashes that are kept, which must not show."""
    keys = DeviceKeys(key, "fa_test")
    issued = keys.issue(token)
    payload, mac = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in issued.split("."))
    assert mac == hmac.digest(key, b"device-token\0" + payload, "sha256")
    assert keys.read(issued.encode()) == token


@given(said, st.data())
def test_a_changed_token_is_none_of_ours(token: DeviceToken, data: st.DataObject) -> None:
    issued = KEYS.issue(token).encode()
    place = data.draw(st.integers(0, len(issued) - 2))  # the last character has bits that nothing reads
    changed = issued[:place] + bytes([data.draw(st.integers(33, 126))]) + issued[place + 1 :]
    read = KEYS.read(changed)
    assert read is None or (read == token and _same(changed, issued))


@given(st.binary(max_size=400))
def test_noise_is_no_token(noise: bytes) -> None:
    assert KEYS.read(noise) is None


def _same(changed: bytes, issued: bytes) -> bool:
    """Base64's two alphabets, and bits past the end, leave the same bytes."""
    return [_plain(part) for part in changed.split(b".")] == [_plain(part) for part in issued.split(b".")]


def _plain(part: bytes) -> bytes:
    return base64.urlsafe_b64decode(part.translate(bytes.maketrans(b"+/", b"-_")) + b"==")
