"""Reading signing keys; private halves are never part of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import QuerySet

from ferry.kernel.errors import NotFound
from ferry.kernel.signing.models import SigningKey

if TYPE_CHECKING:
    from ferry.kernel.identity.models import Workspace


def public_keys(workspace: Workspace) -> QuerySet[SigningKey]:
    """The keys whose signatures still count, oldest first, without their private half."""
    return SigningKey.objects.of(workspace).filter(revoked_at=None).defer("sealed_private").order_by("id")


def all_keys(workspace: Workspace) -> QuerySet[SigningKey]:
    """Every key that there ever was, newest first, without its private half."""
    return SigningKey.objects.of(workspace).defer("sealed_private").order_by("-id")


def key(workspace: Workspace, kid: str) -> SigningKey:
    """One key by its kid. Raises NotFound."""
    found = all_keys(workspace).filter(kid=kid).first() if kid.isalnum() and kid.isascii() else None
    if found is None:
        raise NotFound(kind="signing key")
    return found
