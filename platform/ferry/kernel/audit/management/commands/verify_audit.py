"""`manage.py verify_audit`: the audit chains hold, or the first broken link of each."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ferry.kernel.audit import selectors
from ferry.kernel.identity.models import Workspace


class Command(BaseCommand):
    """Exit 0 when every chain holds, 1 when one does not."""

    help = "Check that no audit entry was changed, removed, added or cut off. Exit 1 names the first broken link."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--workspace", default="", metavar="SLUG", help="only this one")
        parser.add_argument("--json", action="store_true", help="one JSON object on one line")

    def handle(self, *args: Any, **options: Any) -> None:
        workspaces = Workspace.objects.order_by("slug")
        if options["workspace"]:
            workspaces = workspaces.filter(slug=options["workspace"])
            if not workspaces:
                raise CommandError(f"There is no workspace “{options['workspace']}”.", returncode=2)
        verdicts = [selectors.verify(workspace) for workspace in workspaces]
        holds = all(verdict.holds for verdict in verdicts)
        if options["json"]:
            told = [asdict(verdict) | {"holds": verdict.holds} for verdict in verdicts]
            self.stdout.write(json.dumps({"holds": holds, "workspaces": told}))
        else:
            for verdict in verdicts:
                state = (
                    f"holds, head {verdict.head[:16]}…"
                    if verdict.holds
                    else (f"BROKEN at entry {verdict.broken_at}: {verdict.reason}")
                )
                self.stdout.write(f"{verdict.workspace}: {verdict.entries} entries, {state}")
        if not holds:
            sys.exit(1)
