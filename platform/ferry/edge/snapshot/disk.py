"""The last good published state on this machine's disk, so that an edge starts while the database is away.

Bytes are kept exactly as published: what is sealed stays sealed. Each edge process has a folder of its own. A file
that does not have the hash it is named by counts as missing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

_SEEN_EVERY_S = 10.0


class SavedApp(msgspec.Struct, frozen=True):
    """One host app's manifest as it was published."""

    host_app_id: str
    version: int
    manifest: dict[str, dict[str, Any]]
    freshness: dict[str, Any] | None = None


@dataclass(slots=True)
class DiskCopy:
    """A folder: parts/<sha256> and apps/<host app id>.json."""

    folder: Path
    _seen: float = 0.0

    def __post_init__(self) -> None:
        for sub in ("parts", "apps"):
            (self.folder / sub).mkdir(parents=True, exist_ok=True, mode=0o700)

    def apps(self) -> list[SavedApp]:
        """Every readable saved host app."""
        found = []
        for path in sorted((self.folder / "apps").glob("*.json")):
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=SavedApp))
            except (OSError, msgspec.DecodeError):
                continue
        return found

    def read(self, sha: str) -> bytes | None:
        """The bytes with this hash, or None when they are not here whole."""
        try:
            body = (self.folder / "parts" / sha).read_bytes()
        except OSError:
            return None
        return body if sha256(body).hexdigest() == sha else None

    def has(self, sha: str) -> bool:
        """Whether a file of that name is here; `read` decides whether it is whole."""
        return (self.folder / "parts" / sha).exists()

    def save(self, app: SavedApp, parts: Mapping[str, bytes]) -> None:
        """Write new parts, then the manifest that names them: a crash in between leaves the old manifest valid."""
        for sha, body in parts.items():
            _write(self.folder / "parts" / sha, body)
        _write(self.folder / "apps" / f"{app.host_app_id}.json", msgspec.json.encode(app))

    def keep_only(self, apps: Iterable[SavedApp]) -> None:
        """Forget host apps that are gone and parts that no manifest names any more."""
        kept = list(apps)
        names = {f"{app.host_app_id}.json" for app in kept}
        hashes = {
            sha for app in kept for entry in app.manifest.values() for sha in (entry["sha"], *entry.get("sets", ()))
        }
        for sub, wanted in (("apps", names), ("parts", hashes)):
            for path in (self.folder / sub).iterdir():
                if path.name not in wanted:
                    path.unlink(missing_ok=True)

    def mark_seen(self) -> None:
        """Note that the saved state is still the published one; at most one small write in ten seconds."""
        now = time.monotonic()
        if now - self._seen > _SEEN_EVERY_S:
            self._seen = now
            (self.folder / "seen").touch()

    def seen_at(self) -> float:
        """When that was last noted, in epoch seconds; 0 when never."""
        try:
            return (self.folder / "seen").stat().st_mtime
        except OSError:
            return 0.0


def _write(path: Path, body: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with open(temporary, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
