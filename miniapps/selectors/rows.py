"""Rows of one workspace: programs, versions, reviews, releases, listings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Model, QuerySet

from ferry.kernel.errors import NotFound
from ferry.kernel.ids import is_id
from miniapps import wording
from miniapps.models import Listing, MiniProgram, Release, Review, SizeBudget, Version
from miniapps.packages.sizes import Budgets, size_table
from miniapps.releases import Kind, State

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp, Workspace

M = TypeVar("M", bound=Model)

_HEAVY = ("files", "report")  # of a version; a list needs neither


def programs(workspace: Workspace) -> QuerySet[MiniProgram]:
    """All mini-programs, newest first."""
    return MiniProgram.objects.of(workspace).order_by("-id")


def program(workspace: Workspace, program_id: str) -> MiniProgram:
    """The mini-program that devices know by this id. Raises NotFound."""
    found = programs(workspace).filter(program_id=program_id).first() if program_id.isprintable() else None
    if found is None:
        raise NotFound(kind="mini-program")
    return found


def versions(workspace: Workspace, program: MiniProgram | None = None) -> QuerySet[Version]:
    """Versions, newest first, of one program or of all; without their file tables and reports."""
    rows = Version.objects.of(workspace).select_related("program").defer(*_HEAVY).order_by("-id")
    return rows if program is None else rows.filter(program=program).order_by("-code")


def version(workspace: Workspace, version_id: str) -> Version:
    """One version. Raises NotFound."""
    return one(Version.objects.of(workspace).select_related("program"), version_id, "version")


def report(version: Version) -> dict[str, list[dict[str, Any]]]:
    """The report of a version's package, in the active language."""
    return wording.describe_report(wording.restore(version.report))


def size_budgets(workspace: Workspace) -> Budgets:
    """What mini-programs of the workspace may weigh."""
    row = SizeBudget.objects.of(workspace).first()
    return Budgets() if row is None else Budgets(total=row.total, main=row.main, subpackage=row.subpackage)


def sizes(version: Version) -> list[dict[str, Any]]:
    """The size table of a version's package: everything, the main package, each sub-package."""
    return size_table(version.declared.get("subpackages", ()), sum(size for _, _, size, _ in version.files))


def reviews(
    workspace: Workspace,
    *,
    host_app: HostApp | None = None,
    version: Version | None = None,
    program: MiniProgram | None = None,
    state: str = "",
) -> QuerySet[Review]:
    """Reviews, newest first, narrowed by what is given."""
    rows = Review.objects.of(workspace).select_related("version", "version__program", "host_app")
    rows = rows.defer(*(f"version__{field}" for field in _HEAVY)).order_by("-id")
    given = {"host_app": host_app, "version": version, "version__program": program, "state": state or None}
    return rows.filter(**{field: value for field, value in given.items() if value is not None})


def review(workspace: Workspace, review_id: str) -> Review:
    """One review. Raises NotFound."""
    return one(reviews(workspace), review_id, "review")


def releases(
    workspace: Workspace,
    *,
    host_app: HostApp | None = None,
    program: MiniProgram | None = None,
    state: str = "",
) -> QuerySet[Release]:
    """Releases, newest first, narrowed by what is given."""
    rows = Release.objects.of(workspace).select_related("version", "program", "host_app", "supersedes")
    rows = rows.defer(*(f"version__{field}" for field in _HEAVY)).order_by("-id")
    given = {"host_app": host_app, "program": program, "state": state or None}
    return rows.filter(**{field: value for field, value in given.items() if value is not None})


def release(workspace: Workspace, release_id: str) -> Release:
    """One release. Raises NotFound."""
    return one(releases(workspace), release_id, "release")


def serving_release(host_app: HostApp, program: MiniProgram) -> Release | None:
    """The full release that everybody gets whose host app fits its range: the newest that runs."""
    rows = releases(host_app.workspace, host_app=host_app, program=program, state=State.RUNNING)
    return rows.filter(kind=Kind.FULL).order_by("-serial").first()


def listings(host_app: HostApp) -> QuerySet[Listing]:
    """The programs that are known on a host app."""
    rows = Listing.objects.of(host_app.workspace).filter(host_app=host_app).select_related("program")
    return rows.order_by("program__order", "program__program_id")


def listing(host_app: HostApp, program: MiniProgram) -> Listing | None:
    """A program's place on a host app; None where it was never released there."""
    return listings(host_app).filter(program=program).first()


def one(rows: QuerySet[M], row_id: str, kind: str) -> M:
    """The row with this id, whose form is checked before a database sees it. Raises NotFound."""
    fits = is_id(row_id)
    row = rows.filter(pk=row_id).first() if fits else None
    if row is None:
        raise NotFound(kind=kind)
    return row
