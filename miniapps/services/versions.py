"""Versions: an uploaded zip becomes a canonical package, or is refused with a report."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from ferry.kernel import targeting
from ferry.kernel.audit.services import record
from ferry.kernel.errors import Invalid
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.rights import Right
from ferry.kernel.publishing.services import publishing_workspace
from ferry.kernel.storage import blobs
from miniapps import offline, wording, workshop
from miniapps.adapters.codepush import package_hash
from miniapps.errors import (
    HostRangeInvalid,
    HostRangeMissing,
    IconRefused,
    PackageRefused,
    PluginVersionName,
    VersionExists,
)
from miniapps.models import MiniProgram, ResumableUpload, Version
from miniapps.packages.canonical import Package
from miniapps.packages.findings import Code, Finding, Refused, Report
from miniapps.packages.guard import Limits
from miniapps.packages.intake import Draft, examine
from miniapps.packages.kinds import PLUGIN
from miniapps.packages.ranges import is_version
from miniapps.packages.sizes import Budgets
from miniapps.selectors.rows import size_budgets
from miniapps.services.parts import StoredPart, keep_parts, store_parts
from miniapps.services.programs import store_icons
from miniapps.services.scope import within
from miniapps.services.uploads import forget

HostRange = Mapping[str, Mapping[str, str | None]]

_LARGEST_CODE = 2_147_483_647  # what Android and every database take as an int
_LONGEST_NAME = 64
_LONGEST_NOTES = 4000


def check_package(*, actor: Actor, archive: BinaryIO | Path) -> dict[str, Any]:
    """The report that an upload of this archive would get, with nothing stored.

    `accepted` says whether it would be taken; a missing host range is not the package's fault and not counted.
    """
    require(actor, Right.UPLOAD)
    with _opened(archive) as file:
        return offline.check(file, _limits(), size_budgets(actor.workspace), workshop.folder())


@dataclass(frozen=True, slots=True)
class Upload:
    """An archive that was accepted and whose canonical package is stored; `add_version` makes it a version."""

    draft: Draft
    package: Package
    name: str  # for people; empty: the version's code
    host_range: dict[str, Any]
    icons: dict[str, str]  # rendered from the package, when the program has none yet
    parts: list[StoredPart]  # main part and sub-packages, where it has such


def upload_version(
    *,
    actor: Actor,
    program: MiniProgram,
    archive: BinaryIO | Path,
    code: int | None = None,
    name: str = "",
    notes: str = "",
    host_range: HostRange | None = None,
) -> Version:
    """Check an archive, store its canonical package, and make it the newest version of `program`.

    What the request leaves out comes from the package's manifest; without a `code` it is the last one plus 1. The
    blob is durable before the row exists, so a crash leaves a version whole or not at all. A first icon is taken from
    the package. Raises PackageRefused with the report, HostRangeMissing, HostRangeInvalid, VersionExists,
    PluginVersionName.
    """
    upload = read_upload(actor=actor, program=program, archive=archive, name=name, host_range=host_range)
    return add_version(actor=actor, program=program, upload=upload, code=code, notes=notes)


def read_upload(
    *,
    actor: Actor,
    program: MiniProgram,
    archive: BinaryIO | Path,
    name: str = "",
    host_range: HostRange | None = None,
    limits: Limits | None = None,
) -> Upload:
    """The long half of `upload_version`: everything but the rows. Holds no transaction and may be repeated.

    What is wrong with the package, or with what is said of it, is found before anything is stored. `limits` are those
    of uploads unless given.
    """
    require(actor, Right.UPLOAD)
    within(actor, program)
    with _opened(archive) as file, workshop.temporary() as out:
        draft, package = _read(file, out, limits or _limits(), size_budgets(actor.workspace))
        shown = _shown(name or draft.manifest.version, draft)
        wanted = _checked_range(host_range or draft.manifest.host_range)
        icons = {} if program.icons else _icons(draft)
        out.seek(0)
        blobs().put(out)
        parts = store_parts(draft.declared, package.files, out)
    return Upload(draft, package, shown, wanted, icons, parts)


def add_version(
    *,
    actor: Actor,
    program: MiniProgram,
    upload: Upload,
    code: int | None = None,
    notes: str = "",
    spent: ResumableUpload | None = None,
) -> Version:
    """The short half of `upload_version`: one transaction. It also ends the resumable upload that was `spent` on it."""
    require(actor, Right.UPLOAD)
    within(actor, program)
    draft, package = upload.draft, upload.package
    with _writing(actor, program, upload) as publish_icon:
        # The program's row puts uploads in line, so that each takes a code of its own.
        held = MiniProgram.objects.of(actor.workspace).select_for_update(no_key=True).get(pk=program.pk)
        chosen = _next_code(held, code)
        version = Version.objects.create(
            workspace=actor.workspace,
            program=held,
            code=chosen,
            name=upload.name or str(chosen),
            kind=draft.layout.kind,
            sha256=package.sha256,
            size=package.size,
            files_root=package.files_root,
            codepush_hash=package_hash((path, sha256) for path, _, _, sha256 in package.files),
            files=[list(row) for row in package.files],
            entry=draft.entry,
            host_range=upload.host_range,
            min_runtime=draft.manifest.min_runtime,
            notes=(notes or draft.manifest.notes).replace("\0", "")[:_LONGEST_NOTES],
            declared=draft.declared,
            report=wording.stored(draft.report),
            uploaded_by=actor.person_id,
            uploaded_by_name=actor.name[:150],
        )
        keep_parts(version, upload.parts)
        if upload.icons and not held.icons:
            held.icons = upload.icons
            held.save(update_fields=["icons"])
            publish_icon()
        if spent is not None:
            forget(spent)
        record(actor=actor, action="version.uploaded", target=version, after=described(version))
    return version


@contextlib.contextmanager
def _writing(actor: Actor, program: MiniProgram, upload: Upload) -> Iterator[Callable[[], None]]:
    """The transaction of an upload. Only one that brings the first icon writes what a snapshot reads."""
    if not upload.icons:
        with transaction.atomic():
            yield lambda: None
        return
    with publishing_workspace(actor.workspace) as publications:
        yield lambda: publications.changed("program", program.program_id)


def described(version: Version) -> dict[str, Any]:
    """What the audit log tells of a version."""
    return {
        "program_id": version.program.program_id,
        "code": version.code,
        "name": version.name,
        "sha256": version.sha256,
        "size": version.size,
        "host_range": version.host_range,
    }


def _read(file: BinaryIO, out: BinaryIO, limits: Limits, budgets: Budgets) -> tuple[Draft, Package]:
    """The archive examined and its canonical package written to `out`. Raises PackageRefused."""
    report = Report()
    try:
        draft = examine(file, limits, budgets)
        report = draft.report
        package = draft.write(out)
    except Refused as refused:
        report.errors.insert(0, refused.finding)
    if report.errors:
        shown = wording.describe_report(report)
        first = shown["errors"][0]
        summary = f"{first['path']}: {first['message']}" if first["path"] else first["message"]
        raise PackageRefused(summary=summary, report=shown)
    return draft, package


def _icons(draft: Draft) -> dict[str, str]:
    """The package's own icon, stored in every size; a picture that cannot be used is a warning, no more."""
    picture = draft.icon()
    if picture is None:
        return {}
    try:
        return store_icons(picture)
    except IconRefused:
        draft.report.warnings.append(Finding(Code.ICON_UNUSABLE, draft.manifest.icon))
        return {}


def _checked_range(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """A range names its platforms, each with a minimum; an open end is None. Raises HostRangeMissing, …Invalid."""
    if not wanted:
        raise HostRangeMissing
    problems = [problem.text(_) for problem in targeting.validate_range(wanted, "host_range")]
    if not problems:
        problems = [
            _("host_range.{platform}.min is missing").format(platform=platform)
            for platform, bounds in wanted.items()
            if not bounds.get("min")
        ]
    if problems:
        raise HostRangeInvalid(reason="; ".join(problems))
    return {platform: {"min": ends["min"], "max": ends.get("max") or None} for platform, ends in wanted.items()}


def _next_code(program: MiniProgram, wanted: int | None) -> int:
    """The code of the next version: as wanted, else the last plus 1. Raises Invalid, VersionExists."""
    rows = Version.objects.of(program.workspace).filter(program_id=program.pk)
    newest = rows.aggregate(Max("code"))["code__max"] or 0
    code = newest + 1 if wanted is None else wanted
    if not 1 <= code <= _LARGEST_CODE:
        raise Invalid(reason=_("a version code is a number from 1 to {limit}.").format(limit=_LARGEST_CODE))
    if code <= newest:
        raise VersionExists(version_code=code, newest=newest)
    return code


def _shown(given: str, draft: Draft) -> str:
    """The version's name: one printable line, empty where nobody gives one. Raises Invalid, PluginVersionName."""
    text = "".join(letter for letter in given if letter.isprintable()).strip()
    if len(text) > _LONGEST_NAME or (given and not text):
        raise Invalid(reason=_("a version name has 1 to {limit} printable characters.").format(limit=_LONGEST_NAME))
    if draft.layout.kind == PLUGIN and not is_version(text):
        raise PluginVersionName(name=text or "–")
    return text


def _limits() -> Limits:
    return Limits(archive=settings.FERRY_MAX_UPLOAD_BYTES)


def _opened(archive: BinaryIO | Path) -> contextlib.AbstractContextManager[BinaryIO]:
    """The archive as a file. One that the caller opened stays the caller's to close."""
    return archive.open("rb") if isinstance(archive, Path) else contextlib.nullcontext(archive)
