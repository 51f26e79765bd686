"""The directory's shelves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import QuerySet

from miniapps.models import Category

if TYPE_CHECKING:
    from ferry.kernel.identity.models import Workspace


def categories(workspace: Workspace) -> QuerySet[Category]:
    """The workspace's categories, in their order."""
    return Category.objects.of(workspace).order_by("place")
