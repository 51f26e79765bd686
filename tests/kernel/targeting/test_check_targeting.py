"""The command that checks the engine against language-neutral cases."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

PUBLIC_CASES = Path(__file__).resolve().parents[4] / "shared/data/unleash-client-specification/specifications"

STATE = {"features": [{"name": "on", "enabled": True}, {"name": "off", "enabled": False}]}


def case(flag, expected):
    return {"description": f"{flag} is {expected}", "context": {}, "toggleName": flag, "expectedResult": expected}


def report(directory, *options):
    out = StringIO()
    call_command("check_targeting", str(directory), "--json", *options, stdout=out)
    return json.loads(out.getvalue())


def write(directory, name, document):
    (directory / name).write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")


def test_a_folder_without_an_index_is_read_file_by_file(tmp_path):
    write(tmp_path, "a.json", {"state": STATE, "tests": [case("on", True), case("off", False)]})
    write(tmp_path, "b.json", {"state": STATE, "tests": [case("on", False)]})
    found = report(tmp_path)
    assert (found["passed"], found["failed"]) == (2, 1)
    assert found["failures"] == [
        {"file": "b.json", "description": "on is False", "flag": "on", "expected": False, "actual": True}
    ]


def test_an_index_says_which_files_count(tmp_path):
    write(tmp_path, "index.json", ["a.json"])
    write(tmp_path, "a.json", {"state": STATE, "tests": [case("on", True)]})
    write(tmp_path, "b.json", {"state": STATE, "tests": [case("on", False)]})
    assert report(tmp_path) == {"passed": 1, "failed": 0, "failures": []}


@pytest.mark.parametrize(
    "document", ["{", "[]", '{"state": 5}', '{"state": {}}', '{"state": {"events": [{"type": "feature-updated"}]}}']
)
def test_a_file_that_cannot_be_read_is_a_failure_not_a_crash(tmp_path, document):
    write(tmp_path, "a.json", document)
    assert report(tmp_path)["failed"] == 1


@pytest.mark.parametrize("broken", [{"toggleName": "on"}, 5, {"expectedResult": True}, {"toggleName": ["on"]}])
def test_a_case_that_cannot_be_asked_is_a_failure_not_a_crash(tmp_path, broken):
    write(tmp_path, "a.json", {"state": STATE, "tests": [broken, case("on", True)]})
    found = report(tmp_path)
    assert (found["passed"], found["failed"]) == (1, 1)


def test_strict_says_so_in_the_exit_status(tmp_path):
    write(tmp_path, "a.json", {"state": STATE, "tests": [case("on", False)]})
    with pytest.raises(SystemExit) as exit_:
        report(tmp_path, "--strict")
    assert exit_.value.code == 1
    with pytest.raises(CommandError):
        report(tmp_path / "nowhere")


def test_the_public_cases_hold_but_for_regular_expressions():
    if not PUBLIC_CASES.is_dir():
        pytest.skip(f"Unleash's client specification is not at {PUBLIC_CASES}")
    found = report(PUBLIC_CASES)
    assert {failure["file"] for failure in found["failures"]} <= {"21-regex-constraint-operators.json"}
    assert found["passed"] >= 210
