"""Withdraw a mini-program from a host app at once, whatever releases run, and bring it back."""

from __future__ import annotations

from ferry.kernel import clock
from ferry.kernel.audit.services import record
from ferry.kernel.errors import Invalid
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.models import HostApp
from ferry.kernel.identity.rights import Right
from ferry.kernel.publishing.services import publishing
from ferry.kernel.words import TURNED, turns
from miniapps.errors import AlreadyWithdrawn, NotWithdrawn, ReasonMissing
from miniapps.models import Listing, MiniProgram
from miniapps.services.parts import settle_dependents
from miniapps.services.programs import check_category, checked_values
from miniapps.services.scope import within

_LONGEST_MESSAGE = 500


def withdraw_program(*, actor: Actor, program: MiniProgram, host_app: HostApp, message: str) -> Listing:
    """Close a mini-program on a host app: devices stop opening it, offline too, and show `message`.

    Its releases stay as they are and count again after `restore_program`. Raises AlreadyWithdrawn, ReasonMissing,
    Invalid.
    """
    require(actor, Right.WITHDRAW)
    within(actor, program, host_app)
    text = message.replace("\0", "").strip()[:_LONGEST_MESSAGE]
    if not text:
        raise ReasonMissing
    if turns(text):
        raise Invalid(reason=TURNED)
    with publishing(host_app) as publication:
        listing = list_program(actor, program, host_app)
        if listing.withdrawn_at is not None:
            raise AlreadyWithdrawn(program_id=program.program_id, host_app=str(host_app))
        listing.withdrawn_at, listing.withdrawn_message = clock.now(), text
        listing.save(update_fields=["withdrawn_at", "withdrawn_message"])
        publication.changed("program", program.program_id)
        settle_dependents(publication, program)
        after = {"host_app": host_app.pk, "message": text}
        record(actor=actor, action="program.withdrawn", target=program, before={"withdrawn": False}, after=after)
    return listing


def restore_program(*, actor: Actor, program: MiniProgram, host_app: HostApp) -> Listing:
    """Open a withdrawn mini-program again, with the releases that it has. Raises NotWithdrawn."""
    require(actor, Right.WITHDRAW)
    within(actor, program, host_app)
    with publishing(host_app) as publication:
        listing = Listing.objects.of(actor.workspace).filter(host_app=host_app, program=program).first()
        if listing is None or listing.withdrawn_at is None:
            raise NotWithdrawn(program_id=program.program_id, host_app=str(host_app))
        before = {"host_app": host_app.pk, "message": listing.withdrawn_message}
        listing.withdrawn_at, listing.withdrawn_message = None, ""
        listing.save(update_fields=["withdrawn_at", "withdrawn_message"])
        publication.changed("program", program.program_id)
        settle_dependents(publication, program)
        record(actor=actor, action="program.restored", target=program, before=before, after={"withdrawn": False})
    return listing


def arrange_program(
    *, actor: Actor, program: MiniProgram, host_app: HostApp, order: int | None, category: str | None
) -> Listing:
    """Say where a mini-program stands in the directory of this host app; None: as the program itself says.

    Raises ProgramInvalid.
    """
    require(actor, Right.RELEASE)
    within(actor, program, host_app)
    given = {name: value for name, value in (("order", order), ("category", category)) if value is not None}
    values = {"order": None, "category": None} | checked_values(given)
    with publishing(host_app) as publication:
        check_category(actor.workspace, values)
        listing = list_program(actor, program, host_app)
        before = {"order": listing.order, "category": listing.category}
        if before != values:
            listing.order, listing.category = values["order"], values["category"]
            listing.save(update_fields=["order", "category"])
            publication.changed("program", program.program_id)
            after = {"host_app": host_app.pk, **values}
            record(actor=actor, action="program.arranged", target=program, before=before, after=after)
    return listing


def list_program(actor: Actor, program: MiniProgram, host_app: HostApp) -> Listing:
    """The program's place on the host app, made when it is new. Only inside publishing()."""
    listing = Listing.objects.of(actor.workspace).filter(host_app=host_app, program=program).first()
    return listing or Listing.objects.create(workspace=actor.workspace, host_app=host_app, program=program)
