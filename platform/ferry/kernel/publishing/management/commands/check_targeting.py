"""Checks the targeting engine against language-neutral cases, such as Unleash's client specification.

    manage.py check_targeting DIR [--json] [--strict]

DIR holds index.json (a list of file names) or simply the files. The exit status is 0 when a report could be made,
2 when DIR cannot be read, and with --strict 1 when a case does not hold.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ferry.kernel import clock
from ferry.kernel.targeting.conformance import Report, run_document

INDEX = "index.json"


class Command(BaseCommand):
    help = "Check the targeting engine against a folder of cases in the form of Unleash's client specification."
    requires_system_checks: list[str] = []  # it needs no database, no keys and no folder of its own

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, help="folder with index.json, or with the case files alone")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--strict", action="store_true", help="exit 1 when a case does not hold")

    def handle(self, *args: Any, **options: Any) -> None:
        report = Report()
        for path in _files(options["directory"]):
            try:
                document = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                report.fail(path.name, "the file is JSON", "JSON", str(error))
                continue
            run_document(report, file=path.name, document=document, now=clock.now().timestamp())
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))
        else:
            for failure in report.failures:
                self.stdout.write("{file}: {description}: expected {expected}, got {actual}".format_map(failure))
            self.stdout.write(f"{report.passed} passed, {len(report.failures)} failed")
        if options["strict"] and report.failures:
            sys.exit(1)


def _files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        raise CommandError(f"{directory} is not a folder. Name one that holds the cases.", returncode=2)
    index = directory / INDEX
    if not index.is_file():
        return sorted(directory.glob("*.json"))
    try:
        names = json.loads(index.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CommandError(f"{index} is not JSON: {error}", returncode=2) from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise CommandError(f"{index} must be a list of file names.", returncode=2)
    return [directory / name for name in names]
