"""Privacy agreements, and how many devices have accepted each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, QuerySet

from miniapps.models import MiniProgram, PrivacyAcceptance, PrivacyAgreement, Version

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp


def agreements(program: MiniProgram) -> QuerySet[PrivacyAgreement]:
    """The versions of a program's agreement, newest first."""
    rows = PrivacyAgreement.objects.of(program.workspace).filter(program=program).select_related("program__workspace")
    return rows.order_by("-version")


def acceptances(program: MiniProgram) -> dict[int, dict[str, int]]:
    """For each version of the agreement how many devices have accepted it, by host app."""
    rows = PrivacyAcceptance.objects.of(program.workspace).filter(program_id=program.program_id)
    counted = rows.values_list("version", "host_app_id").annotate(devices=Count("id")).order_by()
    found: dict[int, dict[str, int]] = {}
    for version, host_app_id, devices in counted:
        found.setdefault(version, {})[host_app_id] = devices
    return found


def accepted(agreement: PrivacyAgreement) -> int:
    """How many devices have accepted this version, over all host apps."""
    rows = PrivacyAcceptance.objects.of(agreement.program.workspace).filter(version=agreement.version)
    return rows.filter(program_id=agreement.program.program_id).count()


def privacy_terms(host_app: HostApp, version: Version) -> dict[str, Any]:
    """What terms say of privacy: the newest agreement of the program. Nothing while there is none."""
    rows = PrivacyAgreement.objects.of(host_app.workspace).filter(program_id=version.program_id)
    newest = rows.order_by("-version").first()
    if newest is None:
        return {}
    said = {name: value for name, value in (("text", newest.text), ("url", newest.url)) if value}
    return {"privacy": {"version": newest.version, **said}}
