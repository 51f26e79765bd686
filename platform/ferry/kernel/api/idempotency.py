"""A POST with an Idempotency-Key happens once, however often it is sent and however many arrive at the same moment.

The key is a row written in the write's own transaction (rule 15). Its unique index puts duplicates in line: on
PostgreSQL the second insert waits for the first transaction to end; on SQLite the whole transaction waits. When the
first commits, the second reads its answer; when it fails, nothing is left of it and the second runs.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from ferry.kernel import clock, ids, secrets
from ferry.kernel.api.errors import IdempotencyConflict
from ferry.kernel.api.models import IdempotencyKey
from ferry.kernel.errors import Invalid
from ferry.kernel.identity.actors import Actor

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEPT = timedelta(hours=24)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_PURPOSE = "idempotency"


def key_of(request: Request) -> str:
    """The request's key, "" when there is none. Raises Invalid for one that cannot be a key.

    An empty one cannot: granian hands on as empty what is not ASCII, and whoever sent it counts on it.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return ""
    if not _KEY.fullmatch(key):
        raise Invalid(reason=_("{header} has 1 to 255 visible ASCII characters").format(header=HEADER))
    return key


def once(*, actor: Actor, key: str, fingerprint: str, act: Callable[[], Response]) -> Response:
    """The answer of `act`, carried out now or, under the same key and fingerprint, within the last 24 hours.

    Raises IdempotencyConflict when the key belongs to another request. What `act` raises undoes the key too: a refusal
    may be repeated once its cause is gone.
    """
    with transaction.atomic():
        mine = ids.new()
        rows = IdempotencyKey.objects.of(actor.workspace).filter(actor_id=actor.id, key=key)
        rows.filter(created_at__lt=clock.now() - KEPT).delete()
        claim = IdempotencyKey(id=mine, workspace=actor.workspace, actor_id=actor.id, key=key, fingerprint=fingerprint)
        IdempotencyKey.objects.insert([claim], ignore_conflicts=True)
        row = rows.get()
        if row.id != mine:
            return _replay(row, fingerprint)
        response = act()
        row.status = response.status_code
        row.location = response.headers.get("Location", "")[:500]
        row.answer = secrets.seal(JSONRenderer().render(response.data), purpose=_PURPOSE)
        row.save(update_fields=["status", "location", "answer"])
        return response


def answered(*, actor: Actor, key: str, fingerprint: str) -> Response | None:
    """The answer that the key has already, for a request whose long work cannot be done twice. None when it has none.

    Raises IdempotencyConflict as `once` does, which still has to guard the write.
    """
    rows = IdempotencyKey.objects.of(actor.workspace).filter(actor_id=actor.id, key=key)
    row = rows.filter(created_at__gte=clock.now() - KEPT, status__isnull=False).first()
    return None if row is None else _replay(row, fingerprint)


def fingerprint(request: Request) -> str:
    """What makes two requests the same: the method, the address, and every field and file of the body."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    data = request.data
    if not hasattr(data, "lists"):
        digest.update(json.dumps(data, sort_keys=True, separators=(",", ":")).encode())
        return digest.hexdigest()
    for name, values in sorted(data.lists()):
        for value in values:
            content = _file_hash(value) if isinstance(value, UploadedFile) else str(value)
            digest.update(json.dumps([name, content]).encode())
    return digest.hexdigest()


def sweep() -> int:
    """Forget the answers that are older than 24 hours; how many."""
    with transaction.atomic():
        deleted, _ = IdempotencyKey.objects.unscoped().filter(created_at__lt=clock.now() - KEPT).delete()
    return deleted


def _replay(row: IdempotencyKey, fingerprint: str) -> Response:
    if row.fingerprint != fingerprint:
        raise IdempotencyConflict
    raw = secrets.unseal(row.answer, purpose=_PURPOSE)
    data: Any = json.loads(raw) if raw else None
    response = Response(data, status=row.status)
    response[REPLAYED] = "true"
    if row.location:
        response["Location"] = row.location
    return response


def _file_hash(upload: UploadedFile[Any]) -> str:
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    return digest.hexdigest()
