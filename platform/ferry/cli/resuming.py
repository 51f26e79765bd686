"""A large file in pieces, by the tus protocol 1.0.0: what has arrived stays there, a broken connection costs one piece.

Where an upload was left is remembered by the file's hash, so that the same command, run again, goes on, also when only
the version was not made any more. A platform that does not offer it gets the file in one body.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from ferry.cli.api import ATTEMPTS, Api, Progress
from ferry.cli.errors import CliError, NotReached

LARGE = 8 << 20  # bytes from which on a file goes in pieces
PIECE = 4 << 20
_AGAIN = {"upload_offset_wrong", "upload_checksum_wrong", "upload_busy"}  # ask how far it is, and go on from there
_TUS = {"Tus-Resumable": "1.0.0"}


def upload(api: Api, file: BinaryIO, progress: Progress, environ: Mapping[str, str]) -> str | None:
    """Bring the file there, going on where it was left; the upload's id. None when the platform does not offer it.

    Raises CliError; NotReached says that the same command goes on.
    """
    if api.ask("OPTIONS", "uploads").headers.get("Tus-Resumable") != "1.0.0":
        return None
    size = file.seek(0, 2)
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # BinaryIO hides readinto
    kept = _Kept(environ, api.site, digest)
    upload_id, offset = _begun(api, kept.upload_id, size)
    kept.remember(upload_id)
    silent = 0
    while offset < size:
        progress(offset, size)
        file.seek(offset)
        piece = file.read(PIECE)
        checksum = base64.b64encode(hashlib.sha256(piece).digest()).decode()
        headers = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
        headers |= _TUS | {"Upload-Checksum": f"sha256 {checksum}"}
        try:
            answer = api.ask("PATCH", f"uploads/{upload_id}", headers=headers, content=piece)
            offset, silent = _offset(answer), 0
        except CliError as wrong:
            silent += 1
            if silent >= ATTEMPTS or not _passes(wrong):
                if isinstance(wrong, NotReached):
                    told = (
                        f"{wrong} {offset / 1e6:.1f} of {size / 1e6:.1f} MB are there: run the command again to go on."
                    )
                    raise NotReached(told, wrong.body) from None
                raise
            api.rest(2.0**silent)
            offset = _where(api, upload_id, offset)
    progress(size, size)
    return upload_id


def _begun(api: Api, known: str, size: int) -> tuple[str, int]:
    """The upload that was left and how far it is, else a new one."""
    if known:
        try:
            answer = api.ask("HEAD", f"uploads/{known}", headers=_TUS)
            if answer.headers.get("Upload-Length") == str(size):
                return known, _offset(answer)
        except NotReached:
            raise
        except CliError:
            pass  # it has ended, or was another's: begin anew
    answer = api.ask("POST", "uploads", headers={**_TUS, "Upload-Length": str(size)})
    return answer.headers.get("Location", "").rpartition("/")[2], 0


def _where(api: Api, upload_id: str, offset: int) -> int:
    """How far it is after a break; the old place when that cannot be asked either."""
    try:
        return _offset(api.ask("HEAD", f"uploads/{upload_id}", headers=_TUS))
    except NotReached:
        return offset


def _offset(answer: httpx.Response) -> int:
    try:
        return int(answer.headers["Upload-Offset"])
    except (KeyError, ValueError):
        raise NotReached("The platform does not say how much of the file is there.") from None


def _passes(wrong: CliError) -> bool:
    """Whether asking how far it is may help: no answer, too busy, or a piece that did not fit or arrive whole."""
    return isinstance(wrong, NotReached) or wrong.code in _AGAIN


class _Kept:
    """Which upload holds which file on which platform: $XDG_CACHE_HOME/ferry/uploads.json. Nothing in it is secret."""

    def __init__(self, environ: Mapping[str, str], site: str, digest: str) -> None:
        base = environ.get("XDG_CACHE_HOME") or str(Path(environ.get("HOME") or Path.home()) / ".cache")
        self._path = Path(base) / "ferry" / "uploads.json"
        self._key = f"{site} {digest}"

    @property
    def upload_id(self) -> str:
        """The upload that was begun for this file; empty when there is none."""
        return str(self._all().get(self._key, ""))

    def remember(self, upload_id: str) -> None:
        others = {key: value for key, value in self._all().items() if key != self._key}
        self._write({**others, self._key: upload_id})  # the newest last, for the oldest go

    def _all(self) -> dict[str, Any]:
        try:
            value = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    def _write(self, value: Mapping[str, Any]) -> None:
        """Best effort: a home that cannot be written to only means that a second run begins anew."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self._path.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(dict(list(value.items())[-100:]), file)
            os.replace(temporary, self._path)
        except OSError:
            return
