"""Runs language-neutral cases of flag evaluation: files in the form of Unleash's client specification.

Pure: `manage.py check_targeting` reads the files and prints what comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ferry.kernel.targeting.context import Context
from ferry.kernel.targeting.unleash import FeatureSet
from ferry.kernel.targeting.unleash_wire import apply_events, unleash_context


@dataclass(slots=True)
class Report:
    """How many cases hold, and every one that does not."""

    passed: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {"passed": self.passed, "failed": len(self.failures), "failures": self.failures}

    def fail(self, file: str, description: str, expected: Any, actual: Any, flag: str = "") -> None:
        self.failures.append(
            {"file": file, "description": description, "flag": flag, "expected": expected, "actual": actual}
        )


def run_document(report: Report, *, file: str, document: Any, now: float) -> None:
    """All cases of one file: `tests` ask whether a flag is on, `variantTests` which variant it gives."""
    if not isinstance(document, Mapping) or not isinstance(document.get("state"), Mapping):
        report.fail(file, "the file holds a state", "an object with a state", type(document).__name__)
        return
    state = document["state"]
    try:
        features, segments = (
            apply_events(state["events"]) if "events" in state else (state["features"], state.get("segments") or [])
        )
        flags = FeatureSet(features, segments)
    except (KeyError, TypeError, AttributeError) as error:
        report.fail(file, "the state can be read", "features or events", repr(error))
        return
    for case in document.get("tests") or []:
        _run(report, file, case, now, flags.is_enabled)
    for case in document.get("variantTests") or []:
        _run(report, file, case, now, lambda name, context: flags.variant(name, context).as_json())


def _run(report: Report, file: str, case: Any, now: float, ask: Callable[[str, Context], Any]) -> None:
    try:
        flag, expected = case["toggleName"], case["expectedResult"]
        actual = ask(flag, unleash_context(case.get("context") or {}, now=now))
    except (KeyError, TypeError, AttributeError) as error:
        report.fail(file, "the case can be asked", "toggleName, context and expectedResult", repr(error))
        return
    if type(actual) is type(expected) and actual == expected:
        report.passed += 1
    else:
        report.fail(file, case.get("description", ""), expected, actual, flag=flag)
