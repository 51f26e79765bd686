"""Makes what the plan wants, one row at a time: claimed by one worker, fenced by a token (rule 1).

A row goes due → making → made or refused. The blob is stored before the row says so, and the row says so in the
publication that names it, so kill -9 at any moment leaves either a row whose lease runs out and is taken again, or a
finished one. A lost race costs a blob that the next run writes over with the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, BinaryIO

from django.db.models import F, Q, QuerySet

from ferry.kernel import clock
from ferry.kernel.jobs.errors import LeaseLost
from ferry.kernel.jobs.services import SHORTEST_S
from ferry.kernel.publishing.services import publishing_workspace
from ferry.kernel.storage import blobs
from miniapps import workshop
from miniapps.delivery import compress
from miniapps.models import Derived, Form

LEASE_S = 3 * SHORTEST_S  # a piece of the largest delta takes seconds, its first one up to a minute
RENEW_S = 20.0
MOST_ATTEMPTS = 4
MOST_BYTES = 64 * 1024 * 1024  # of either end of a delta: about 350 MB of memory while it is made
MOST_SHARE = 0.6  # of what a phone would download without the delta: its zstd copy
GAIN = 0.95  # a compressed copy that is hardly smaller is not worth a file

_ORDER = [Form.ZSTD, Form.GZIP, Form.DEFLATED, Form.DELTA]
_LOOKED_AT = 20


class _Refused(Exception):
    """The file is not to be; phones get the whole package."""

    def __init__(self, reason: str, size: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.size = reason, size


@dataclass(slots=True)
class Claim:
    """A row in the hands of this worker."""

    row: Derived
    token: int
    _renewed: float

    def mine(self) -> QuerySet[Derived]:
        """The row, as long as it is ours."""
        rows = Derived.objects.of(self.row.workspace)
        return rows.filter(pk=self.row.pk, token=self.token, state=Derived.State.MAKING)

    def fence(self, **changes: Any) -> None:
        """Renew the lease and write `changes`, or raise LeaseLost."""
        until = clock.now() + timedelta(seconds=LEASE_S)
        if not self.mine().update(**{"leased_until": until, **changes}):
            raise LeaseLost(name=f"derived file {self.row.pk}")

    def beat(self) -> None:
        """Called between two pieces of work: renews now and then."""
        if monotonic() - self._renewed > RENEW_S:
            self._renewed = monotonic()
            self.fence()


def due() -> bool:
    """Whether there is anything to make."""
    return _claimable(clock.now()).exists()


def work() -> int:
    """Make everything that is due; how many rows were finished."""
    done = 0
    while (claim := claim_next()) is not None:
        try:
            done += make(claim)
        except LeaseLost:
            continue  # somebody else has it
    return done


def claim_next() -> Claim | None:
    """Take the next row, copies before deltas; None when there is nothing to do."""
    for form in _ORDER:
        now = clock.now()
        rows = _claimable(now).filter(form=form)
        for pk in list(rows.order_by("attempts", "pk").values_list("pk", flat=True)[:_LOOKED_AT]):
            changes = {
                "state": Derived.State.MAKING,
                "leased_until": now + timedelta(seconds=LEASE_S),
                "token": F("token") + 1,
                "attempts": F("attempts") + 1,
            }
            if _claimable(now).filter(pk=pk).update(**changes):
                return _claim(pk)
    return None


def make(claim: Claim) -> bool:
    """Make one file. False when it failed and waits for another attempt."""
    try:
        sha256, size = _make(claim)
    except _Refused as refused:
        _finish(claim, state=Derived.State.REFUSED, reason=refused.reason, size=refused.size)
        return True
    except LeaseLost:
        raise
    except Exception:
        if claim.row.attempts >= MOST_ATTEMPTS:
            _finish(claim, state=Derived.State.REFUSED, reason="failed")
        else:
            claim.fence(state=Derived.State.DUE, leased_until=clock.now() + timedelta(minutes=claim.row.attempts))
        raise
    _finish(claim, state=Derived.State.MADE, sha256=sha256, size=size)
    if not blobs().exists(sha256):  # the sweep took an equal file of another row away in between
        claim_again(claim.row)
    return True


def claim_again(row: Derived) -> None:
    """The file of a made row is gone: make it once more."""
    rows = Derived.objects.of(row.workspace).filter(pk=row.pk, state=Derived.State.MADE)
    rows.update(state=Derived.State.DUE, leased_until=None, attempts=0)


def _claimable(now: datetime) -> QuerySet[Derived]:
    waiting = Q(state=Derived.State.DUE) & (Q(leased_until=None) | Q(leased_until__lte=now))
    orphaned = Q(state=Derived.State.MAKING, leased_until__lte=now)
    return Derived.objects.unscoped().filter(waiting | orphaned, unwanted_since=None)


def _claim(pk: str) -> Claim:
    row = Derived.objects.unscoped().select_related("workspace", "program").get(pk=pk)
    return Claim(row, row.token, monotonic())


def _finish(claim: Claim, **changes: Any) -> None:
    """Write the result and name it in the snapshots of the program, in one transaction."""
    with publishing_workspace(claim.row.workspace) as publications:
        claim.fence(**changes)
        publications.changed("program", claim.row.program.program_id)


def _make(claim: Claim) -> tuple[str, int]:
    """The stored file: its address and size. Raises _Refused."""
    row = claim.row
    if row.attempts > MOST_ATTEMPTS:  # it ends its worker each time
        raise _Refused("failed")
    with blobs().open(row.source) as source, workshop.temporary() as out:
        size = _size(source)
        if row.form == Form.DELTA:
            _delta(claim, source, size, out)
        else:
            _COPY[Form(row.form)](source, size, out, claim.beat)
            if row.form != Form.DEFLATED and out.tell() > GAIN * size:
                raise _Refused("no_gain", out.tell())
        out.seek(0)
        blob = blobs().put(out)
    return blob.sha256, blob.size


def _delta(claim: Claim, source: BinaryIO, size: int, out: BinaryIO) -> None:
    row = claim.row
    with blobs().open(row.base) as file:
        if max(_size(file), size) > MOST_BYTES:
            raise _Refused("too_large")
        base = file.read()
    compress.write_delta(base, source, size, out, claim.beat)
    made = out.tell()
    if made > MOST_SHARE * _whole(row, size):
        raise _Refused("too_large", made)
    out.seek(0)
    if compress.read_delta(base, out, claim.beat) != (row.source, size):
        raise RuntimeError(f"the delta {row.pk} does not give its package back")


def _whole(row: Derived, size: int) -> int:
    """What a phone that can read a delta would download without it: it has zstd, so the zstd copy if there is one."""
    copies = Derived.objects.of(row.workspace).filter(form=Form.ZSTD, source=row.source, state=Derived.State.MADE)
    return min([size, *copies.values_list("size", flat=True)])


def _size(file: BinaryIO) -> int:
    size = file.seek(0, 2)
    file.seek(0)
    return size


_COPY: dict[Form, Callable[[BinaryIO, int, BinaryIO, compress.Beat], None]] = {
    Form.ZSTD: compress.write_zstd,
    Form.GZIP: compress.write_gzip,
    Form.DEFLATED: compress.write_deflated,
}
