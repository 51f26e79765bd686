"""The making of signed files: preset bundles and exports.

The request that asks for a small one makes it itself; a large one, and whatever a process that died has left behind, is
made by a worker that the tick wakes. An attempt begins anew, and the row names the file of the one that finished.
"""

from __future__ import annotations

import logging

from ferry.kernel.errors import FerryError
from ferry.kernel.jobs.errors import LeaseLost
from ferry.kernel.storage import blobs
from miniapps import workshop
from miniapps.models import Archive, ArchiveKind, ArchiveState
from miniapps.services import archive_rows as rows
from miniapps.services import exports, presets

log = logging.getLogger(__name__)

ATTEMPTS = 5  # after which what went wrong is said instead of tried again
AGAIN_S = 15.0  # between two attempts
SMALL = 16 << 20  # bytes: an archive up to this size is made by the request that asks for it

_DRAFTS = {ArchiveKind.PRESET: presets.draft, ArchiveKind.EXPORT: exports.draft}


def make_now(archive: Archive) -> Archive:
    """Make a small archive at once, outside any transaction; a large one is left to the worker."""
    if archive.choice["bytes"] <= SMALL:
        make(archive)
    return Archive.objects.of(archive.workspace).get(pk=archive.pk)


def make_due() -> int:
    """Make every archive that waits; how many were made. Run by the worker."""
    return sum([make(archive) for archive in rows.waiting()])


def make(archive: Archive) -> bool:
    """Make one archive unless somebody else holds it; whether it was made here."""
    token = rows.claim(archive)
    if token is None:
        return False
    if archive.attempts >= ATTEMPTS:  # it ends its maker each time
        _give_up(archive, token)
        return False
    try:
        with workshop.temporary() as out:
            _DRAFTS[ArchiveKind(archive.kind)](archive).write(out, lambda: rows.renew(archive, token))
            out.seek(0)
            blob = blobs().put(out)
        return rows.finish(archive, token, state=ArchiveState.MADE, sha256=blob.sha256, size=blob.size)
    except LeaseLost:
        pass  # whoever took it over makes the same file
    except FerryError as refusal:  # what was chosen has gone meanwhile: trying again would say the same
        _refuse(archive, token, refusal.code, refusal.text())
    except Exception:
        log.exception("archive %s cannot be made", archive.pk)
        if archive.attempts + 1 >= ATTEMPTS:
            _give_up(archive, token)
        else:
            rows.renew(archive, token, AGAIN_S)
    return False


def _give_up(archive: Archive, token: int) -> None:
    _refuse(archive, token, "internal_error", f"It could not be made in {ATTEMPTS} attempts.")


def _refuse(archive: Archive, token: int, code: str, message: str) -> None:
    rows.finish(archive, token, state=ArchiveState.REFUSED, problem={"code": code, "message": message})
