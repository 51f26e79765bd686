"""Size budgets: set for a workspace, asked at every upload."""

from __future__ import annotations

from dataclasses import asdict

from django.db import transaction

from ferry.kernel.audit.services import record
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.rights import Right
from miniapps.models import SizeBudget
from miniapps.packages.sizes import Budgets
from miniapps.selectors.rows import size_budgets


@transaction.atomic
def set_size_budgets(*, actor: Actor, budgets: Budgets) -> Budgets:
    """What uploads of the workspace may weigh from now on; versions that are there stay."""
    require(actor, Right.MANAGE_APPS)
    before = size_budgets(actor.workspace)
    SizeBudget.objects.of(actor.workspace).update_or_create(workspace=actor.workspace, defaults=asdict(budgets))
    record(
        actor=actor,
        action="workspace.size_budgets_set",
        target=actor.workspace,
        before=asdict(before),
        after=asdict(budgets),
    )
    return budgets
