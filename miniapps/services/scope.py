"""That an act stays inside the actor's workspace: the rows handed to a service are checked, whoever loaded them."""

from __future__ import annotations

from django.db.models import Model

from ferry.kernel.errors import NotFound
from ferry.kernel.identity.actors import Actor


def within(actor: Actor, *rows: Model) -> None:
    """Refuse rows of another workspace, in the same words as rows that do not exist."""
    for row in rows:
        if getattr(row, "workspace_id", None) != actor.workspace.pk:
            raise NotFound(kind=row._meta.verbose_name)
