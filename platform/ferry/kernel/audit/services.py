"""Writing the audit log: one entry for each act, in the transaction of the act."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction

from ferry.kernel import clock, secrets
from ferry.kernel.audit import chain
from ferry.kernel.audit.models import AuditChain, AuditEntry
from ferry.kernel.identity.actors import Actor

Target = models.Model | tuple[str, str]

_LARGEST = 16 * 1024  # bytes of `before` or `after`; beyond it only a hash is kept
_HASHED = (
    "number",
    "actor_kind",
    "actor_id",
    "actor_name",
    "person_id",
    "address",
    "request_id",
    "action",
    "target_kind",
    "target_id",
    "before",
    "after",
)


@transaction.atomic
def record(
    *,
    actor: Actor,
    action: str,
    target: Target,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Add what `actor` did to `target`, a row or (kind, id), to the log of the actor's workspace.

    Call it last in the service's transaction: it locks the end of the workspace's chain until the commit, so two
    transactions that lock something else after it could wait for each other. `before` and `after` are for people to
    read and must hold no secret. Also for reads of personal data ("device.viewed").
    """
    kind, identifier = target if isinstance(target, tuple) else (target._meta.model_name or "", str(target.pk))
    ends = AuditChain.objects.select_for_update()
    end = ends.filter(workspace=actor.workspace).first()
    if end is None:
        AuditChain.objects.get_or_create(workspace=actor.workspace)
        end = ends.get(workspace=actor.workspace)
    entry = AuditEntry(
        workspace=actor.workspace,
        created_at=clock.now(),
        number=end.length + 1,
        actor_kind=actor.kind,
        actor_id=actor.id[:40],
        actor_name=_clean(actor.name)[:200],
        person_id=actor.person_id[:60],
        address=actor.address[:45],
        request_id=actor.request_id[:64],
        action=action,
        target_kind=kind,
        target_id=_clean(identifier)[:80],
        before=_text(before),
        after=_text(after),
        previous=end.head or chain.START,
    )
    key = chain_key()
    entry.hash = chain.link(key, entry.previous, content(entry))
    entry.save(force_insert=True)
    end.length, end.head = entry.number, entry.hash
    end.seal = chain.seal(key, actor.workspace.id, end.length, end.head)
    end.save(force_update=True)
    return entry


def content(entry: AuditEntry) -> dict[str, str | int]:
    """What of an entry is hashed: everything that it tells."""
    values: dict[str, str | int] = {field: getattr(entry, field) for field in _HASHED}
    return values | {"workspace": entry.workspace_id, "at": entry.created_at.isoformat(timespec="microseconds")}


def chain_key() -> bytes:
    """The key of the chain, the same as long as the master secret is."""
    return secrets.derive("audit")


def _text(value: Mapping[str, Any] | None) -> str:
    if value is None:
        return ""
    text = json.dumps(value, cls=DjangoJSONEncoder, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    text = _clean(text)
    size = len(text.encode())
    if size > _LARGEST:
        return json.dumps({"sha256": hashlib.sha256(text.encode()).hexdigest(), "size": size})
    return text


def _clean(text: str) -> str:
    """Without what a database cannot store: NUL characters and lone surrogates."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
