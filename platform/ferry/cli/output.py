"""What a command prints: sentences for people, or one JSON object where --json asks for it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

_BAR = 30  # characters


class Output:
    """Results go to stdout, progress and errors to stderr; with --json stdout holds exactly one JSON object."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._drawn = -1

    def result(self, value: Mapping[str, Any], *lines: str) -> None:
        """The outcome: `value` for programs, `lines` for people."""
        if self.as_json:
            print(json.dumps(value, ensure_ascii=False))
        else:
            print("\n".join(lines))

    def error(self, text: str, body: Mapping[str, Any] | None, exit_code: int) -> None:
        """Why it ended without success; with --json in the shape of the platform's own errors."""
        if self.as_json:
            own = {"error": {"code": f"cli_exit_{exit_code}", "message": text, "details": {}, "request_id": ""}}
            print(json.dumps(body or own, ensure_ascii=False))
        if self._drawn not in (-1, 100):
            print(file=sys.stderr)  # the bar that broke off keeps its line
        print(f"ferry: {text}", file=sys.stderr)

    def note(self, text: str) -> None:
        """Something worth knowing that changes nothing; never on stdout."""
        print(f"ferry: {text}", file=sys.stderr)

    def progress(self, done: int, total: int) -> None:
        """A bar that redraws itself on a terminal; silent in a pipeline."""
        if not sys.stderr.isatty():
            return
        percent = 100 * done // total if total else 100
        if percent == self._drawn:
            return
        self._drawn = percent
        filled = _BAR * percent // 100
        end = "\n" if percent == 100 else ""
        bar = "█" * filled + "░" * (_BAR - filled)
        print(f"\r{bar} {percent:3d} %  {done / 1e6:.1f} of {total / 1e6:.1f} MB", end=end, file=sys.stderr, flush=True)


def report_lines(report: Mapping[str, Any]) -> list[str]:
    """A package report for people: what refuses it first, then what is worth knowing."""
    lines = []
    for kind, sign in (("errors", "✗"), ("warnings", "!"), ("ignored", "·")):
        for finding in report.get(kind, ()):
            where = f"{finding['path']}: " if finding["path"] else ""
            lines.append(f"{sign} {where}{finding['message']} {finding['fix']} [{finding['code']}]")
    return lines
