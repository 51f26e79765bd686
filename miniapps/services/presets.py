"""Preset bundles: the mini-programs that a host app is built with, so that its first start works offline."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from ferry.kernel.errors import Invalid
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.models import PLATFORMS, HostApp
from ferry.kernel.identity.rights import Right
from ferry.kernel.publishing import selectors as published
from ferry.kernel.signing import keysets
from ferry.kernel.signing.selectors import public_keys
from ferry.kernel.targeting.versions import version_key
from miniapps.carrying import presets
from miniapps.carrying.files import icon_path, package_path
from miniapps.carrying.presets import Place
from miniapps.errors import HostAppInactive, NothingForBundle, NotInBundle, TooMuchForBundle
from miniapps.models import Archive, ArchiveKind
from miniapps.services.archive_rows import ask
from miniapps.services.drafts import Draft
from miniapps.services.scope import within

MOST_PROGRAMS = 50


@dataclass(frozen=True, slots=True)
class Wish:
    """A program for the bundle: in the version that everybody gets, or in one of those by its code."""

    program_id: str
    code: int | None = None


def ask_for_preset(*, actor: Actor, host_app: HostApp, wishes: Sequence[Wish], place: Place) -> Archive:
    """Ask for a bundle of these programs, of all that everybody gets when none is named. `archives` makes it.

    The versions are fixed here: what is released later is not in it. Raises NotInBundle, HostAppInactive, Invalid.
    """
    require(actor, Right.RELEASE)
    within(actor, host_app)
    if not host_app.active:
        raise HostAppInactive(host_app=str(host_app))
    _check_place(host_app, place)
    if len(wishes) > MOST_PROGRAMS or len({wish.program_id for wish in wishes}) != len(wishes):
        raise Invalid(reason=_("name each mini-program once, and at most {count}.").format(count=MOST_PROGRAMS))
    bodies = _bodies(host_app)
    chosen = wishes or [Wish(name) for name in sorted(bodies)]
    found: dict[str, int] = {}
    size = 0
    for wish in chosen:
        entry = presets.choose(bodies[wish.program_id], place, wish.code) if wish.program_id in bodies else None
        if entry is not None:
            found[wish.program_id] = entry["version"]["code"]
            size += entry["version"]["size"]
        elif wishes:
            raise _missing(wish.program_id, wish.code, host_app)
    if not found:
        raise NothingForBundle(host_app=str(host_app))
    if len(found) > MOST_PROGRAMS:
        raise TooMuchForBundle(host_app=str(host_app), found=len(found), limit=MOST_PROGRAMS)
    choice = {
        "programs": found,
        "platform": place.platform,
        "host_version": place.host_version,
        "bytes": size,
    }
    archive = Archive(workspace=actor.workspace, kind=ArchiveKind.PRESET, host_app=host_app, choice=choice)
    return ask(actor, archive, after={"programs": found})


def draft(archive: Archive) -> Draft:
    """The bundle of this row, from what is published now. Raises NotInBundle when a version has gone meanwhile."""
    host_app, choice = HostApp.objects.of(archive.workspace).get(pk=archive.host_app_id), archive.choice
    place = Place(choice["platform"], choice["host_version"])
    bodies = _bodies(host_app)
    programs: list[dict[str, Any]] = []
    stored: dict[str, str] = {}
    for program_id, code in sorted(choice["programs"].items()):
        body = bodies.get(program_id)
        entry = presets.choose(body, place, code) if body is not None else None
        if body is None or entry is None:
            raise _missing(program_id, code, host_app)
        programs.append(presets.program(body, entry, settings.FERRY_EDGE_URL))
        stored |= {package_path(sha256): sha256 for sha256 in presets.packages(programs[-1]["update"])}
        if icon := programs[-1]["listing"]["icon"]:
            stored[icon_path(icon)] = icon
    keys = public_keys(archive.workspace).filter(purpose="package")
    document = {
        "format": presets.FORMAT,
        "host_app": host_app.app_key,
        "serial": archive.serial,
        "created_at": archive.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "platform": place.platform,
        "host_version": place.host_version,
        "programs": programs,
        "keys": dict(keys.values_list("kid", "public_pem")),
        "key_set": keysets.current(archive.workspace),  # for hosts that have the root key built in
    }
    return Draft(archive.workspace, presets.NAME, document, stored)


def _check_place(host_app: HostApp, place: Place) -> None:
    if bool(place.platform) != bool(place.host_version):
        raise Invalid(reason=_("name the platform and the host app's version together, or neither."))
    if place.platform and (place.platform not in PLATFORMS or place.platform not in host_app.platforms):
        raise Invalid(reason=_("the host app runs on {platforms}.").format(platforms=", ".join(host_app.platforms)))
    if place.host_version and version_key(place.host_version) is None:
        raise Invalid(reason=_("“{version}” is no version of a host app.").format(version=place.host_version))


def _bodies(host_app: HostApp) -> dict[str, dict[str, Any]]:
    """The published part of each program on the host app, as edges read them."""
    _version, manifest, _freshness = published.manifest(host_app.pk)
    addresses = {
        name.partition(":")[2]: entry["sha"] for name, entry in manifest.items() if name.startswith("program:")
    }
    parts = published.parts(addresses.values())
    return {program_id: json.loads(parts[sha]) for program_id, sha in addresses.items() if sha in parts}


def _missing(program_id: str, code: int | None, host_app: HostApp) -> NotInBundle:
    reason = _("everybody has to get it there.") if code is None else _("everybody has to get version {code} there.")
    return NotInBundle(program_id=program_id, host_app=str(host_app), reason=reason.format(code=code))
