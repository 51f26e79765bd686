"""App secrets: made, rotated with an overlap, frozen and unfrozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from ferry.kernel import clock
from ferry.kernel.audit.services import record
from ferry.kernel.errors import Invalid
from ferry.kernel.identity import keys
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.rights import Right
from miniapps.login.errors import AppSecretFrozen, NoAppSecret
from miniapps.models import AppSecret, MiniProgram
from miniapps.selectors.login import live_secrets
from miniapps.services.scope import within

LONGEST_OVERLAP = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class NewAppSecret:
    """A secret, and its plain form, shown this once."""

    secret: AppSecret
    plain: str


@transaction.atomic
def rotate_app_secret(*, actor: Actor, program: MiniProgram, overlap: timedelta = timedelta(0)) -> NewAppSecret:
    """A new secret for the program's server; the first one too. The one before stays valid for `overlap`.

    Whatever was left of an older overlap ends now. Raises Invalid for an overlap above 24 hours, AppSecretFrozen.
    """
    require(actor, Right.MANAGE_SECRETS)
    within(actor, program)
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise Invalid(reason=_("the old secret stays valid for 0 to 24 hours."))
    _hold(actor, program)
    now = clock.now()
    live = list(live_secrets(program))
    if any(row.frozen_at for row in live):
        raise AppSecretFrozen
    for row in live:
        row.expires_at = now + overlap if row.expires_at is None else now
        row.save(update_fields=["expires_at"])
    credential = keys.app_secret()
    made = AppSecret.objects.create(
        workspace=actor.workspace,
        program=program,
        prefix=credential.prefix,
        hash=credential.hash,
        created_by=actor.person_id,
        created_by_name=actor.name[:150],
    )
    after = {"program": program.program_id, "prefix": made.prefix, "overlap_hours": overlap / timedelta(hours=1)}
    record(actor=actor, action="app_secret.created", target=made, after=after)
    return NewAppSecret(made, credential.plain)


def freeze_app_secret(*, actor: Actor, program: MiniProgram) -> list[AppSecret]:
    """Stop every secret of the program at once, without losing it: nobody can sign in until it is unfrozen."""
    return _set_frozen(actor, program, frozen=True)


def unfreeze_app_secret(*, actor: Actor, program: MiniProgram) -> list[AppSecret]:
    """Let the secrets count again. One that has leaked is rotated, right after, without an overlap."""
    return _set_frozen(actor, program, frozen=False)


@transaction.atomic
def _set_frozen(actor: Actor, program: MiniProgram, *, frozen: bool) -> list[AppSecret]:
    require(actor, Right.MANAGE_SECRETS)
    within(actor, program)
    _hold(actor, program)
    rows = list(live_secrets(program))
    if not rows:
        raise NoAppSecret
    changed = [row for row in rows if (row.frozen_at is not None) != frozen]
    for row in changed:
        row.frozen_at = clock.now() if frozen else None
        row.save(update_fields=["frozen_at"])
    if changed:
        action = "app_secret.frozen" if frozen else "app_secret.unfrozen"
        record(actor=actor, action=action, target=program, after={"prefixes": [row.prefix for row in changed]})
    return rows


def _hold(actor: Actor, program: MiniProgram) -> None:
    """Rotating and freezing stand in line."""
    MiniProgram.objects.of(actor.workspace).select_for_update(no_key=True).only("pk").get(pk=program.pk)
