"""Reading signing keys; private halves are never part of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import QuerySet

from ferry.kernel.signing.models import SigningKey

if TYPE_CHECKING:
    from ferry.kernel.identity.models import Workspace


def public_keys(workspace: Workspace) -> QuerySet[SigningKey]:
    """The keys whose signatures still count, oldest first, without their private half."""
    return SigningKey.objects.of(workspace).filter(revoked_at=None).defer("sealed_private").order_by("id")
