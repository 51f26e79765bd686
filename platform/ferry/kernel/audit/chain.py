"""How entries are chained. Pure: keyed hashes over canonical bytes.

HMAC instead of a bare hash, under a key derived from the master secret: whoever can write to the database but does
not hold the secret can break the chain, never mend it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping

START = "0" * 64  # what the first entry of a workspace follows


def link(key: bytes, previous: str, content: Mapping[str, str | int]) -> str:
    """The hash of an entry that follows `previous`."""
    return _mac(key, b"entry", {"previous": previous, "content": dict(content)})


def seal(key: bytes, workspace_id: str, length: int, head: str) -> str:
    """The seal over a chain's end."""
    return _mac(key, b"head", {"workspace": workspace_id, "length": length, "head": head})


def same(one: str, other: str) -> bool:
    """Compare two hashes in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def _mac(key: bytes, purpose: bytes, value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.new(key, purpose + b"\n" + text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
