"""Which derived files there ought to be: rows for what is missing, a date for what is no longer wanted.

Wanted are, for each mini-program on each host app, the copies of every version that an open release gives and of the
newest approved one (so that they are there before its release), and deltas to each of those from the versions that
phones have: of open releases, of the last few releases, and those that devices seen in the last 30 days report.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from analytics import selectors as analytics
from ferry.kernel import clock
from ferry.kernel.publishing import selectors as published
from ferry.kernel.publishing.services import read_host_apps
from miniapps.models import Derived, Form, Part, Release, Review, ReviewState, Version
from miniapps.releases import OPEN

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp, Workspace

SEEN_WITHIN = timedelta(days=30)
MOST_BASES = 10  # deltas to one version; beyond them a version is on too few phones
RECENT_RELEASES = 5

COPIES = (Form.ZSTD, Form.GZIP, Form.DEFLATED)


@dataclass(slots=True)
class Line:
    """What one program on one host app delivers: packages to get to, and packages to come from, the likeliest first."""

    program: str  # primary key
    targets: dict[str, None] = field(default_factory=dict)  # sha256, in order
    bases: dict[str, None] = field(default_factory=dict)


Wanted = tuple[str, str, str, str]
"""Program, form, base, source."""

Lines = Callable[["HostApp"], Iterable[Line]]


def plan() -> int:
    """Plan every workspace that has published something; how many new rows there are."""
    apps: dict[str, list[HostApp]] = defaultdict(list)
    for host_app in read_host_apps(host_app_id for host_app_id, _, _ in published.versions()):
        apps[host_app.workspace_id].append(host_app)
    return sum(plan_workspace(group[0].workspace, group) for group in apps.values())


def plan_workspace(workspace: Workspace, host_apps: Iterable[HostApp]) -> int:
    """Bring the rows in line with what is wanted now; how many new ones there are."""
    wanted: dict[Wanted, None] = {}
    for host_app in host_apps:
        for lines in LINES:
            for line in lines(host_app):
                wanted.update(dict.fromkeys(of_line(line)))
    rows = Derived.objects.of(workspace)
    there = {
        (program, form, base, source): (pk, unwanted)
        for pk, program, form, base, source, unwanted in rows.values_list(
            "pk", "program_id", "form", "base", "source", "unwanted_since"
        )
    }
    new = [key for key in wanted if key not in there]
    Derived.objects.insert(
        [
            Derived(workspace=workspace, program_id=program, form=form, base=base, source=source)
            for program, form, base, source in new
        ],
        ignore_conflicts=True,  # two ticks may plan at once
    )
    back = [pk for key, (pk, unwanted) in there.items() if unwanted is not None and key in wanted]
    gone = [pk for key, (pk, unwanted) in there.items() if unwanted is None and key not in wanted]
    rows.filter(pk__in=back).update(unwanted_since=None)
    rows.filter(pk__in=gone).update(unwanted_since=clock.now())
    return len(new)


def of_line(line: Line) -> Iterator[Wanted]:
    """Every derived file of a line. Pure."""
    for target in line.targets:
        for form in COPIES:
            yield line.program, form, "", target
        bases = [base for base in line.bases if base != target]
        for base in bases[:MOST_BASES]:
            yield line.program, Form.DELTA, base, target


def version_lines(host_app: HostApp) -> list[Line]:
    """The lines of whole packages on one host app."""
    workspace = host_app.workspace
    open_now, recent = _releases(host_app)
    newest = _newest_approved(host_app)
    installed = analytics.recently_installed(workspace, host_app.pk, since=clock.now() - SEEN_WITHIN)
    programs = {program for program, _ in open_now} | newest.keys()
    versions = Version.objects.of(workspace).filter(program__in=programs)
    by_code: dict[str, dict[int, str]] = defaultdict(dict)
    names: dict[str, str] = {}
    for program, program_id, code, sha in versions.values_list("program_id", "program__program_id", "code", "sha256"):
        by_code[program][code] = sha
        names[program] = program_id
    lines = []
    for program in sorted(programs):
        shas = by_code[program]
        given = [code for owner, code in open_now if owner == program]
        phones = installed.get(names[program], {})
        likely = sorted(phones, key=lambda code: (-phones[code], -code))
        lines.append(
            Line(
                program,
                targets=_packages(shas, [*given, newest.get(program, 0)]),
                bases=_packages(shas, [*likely, *given, *recent.get(program, ())]),
            )
        )
    return lines


def part_lines(host_app: HostApp) -> list[Line]:
    """The lines of parts: each goes from the part of the same name in the versions that phones have."""
    lines = version_lines(host_app)
    rows = Part.objects.of(host_app.workspace).filter(version__program__in=[line.program for line in lines])
    named: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)  # program, name → package → part
    for program, name, package, part in rows.values_list("version__program_id", "name", "version__sha256", "sha256"):
        named[program, name][package] = part
    return [
        Line(
            line.program,
            targets=dict.fromkeys(parts[package] for package in line.targets if package in parts),
            bases=dict.fromkeys(parts[package] for package in line.bases if package in parts),
        )
        for line in lines
        for (program, _), parts in sorted(named.items())
        if program == line.program
    ]


def _packages(shas: Mapping[int, str], codes: Sequence[int]) -> dict[str, None]:
    return dict.fromkeys(shas[code] for code in codes if code in shas)


def _releases(host_app: HostApp) -> tuple[list[tuple[str, int]], dict[str, list[int]]]:
    """(program, code) of each open release, newest first, and the codes of each program's last few releases."""
    open_now: list[tuple[str, int]] = []
    recent: dict[str, list[int]] = defaultdict(list)
    rows = Release.objects.of(host_app.workspace).filter(host_app=host_app).order_by("-serial")
    for program, code, state in rows.values_list("program_id", "version__code", "state"):
        if state in OPEN:
            open_now.append((program, code))
        if code not in recent[program] and len(recent[program]) < RECENT_RELEASES:
            recent[program].append(code)
    return open_now, recent


def _newest_approved(host_app: HostApp) -> dict[str, int]:
    rows = Review.objects.of(host_app.workspace).filter(host_app=host_app, state=ReviewState.APPROVED)
    pairs = rows.order_by("version__code").values_list("version__program_id", "version__code")
    return dict(pairs)


LINES: list[Lines] = [version_lines, part_lines]
"""Who wants something delivered. Plugins are versions, so theirs are among the first."""
