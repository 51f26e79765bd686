"""The commands in the docs are commands: each line is read by the parser that runs it."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from ferry.cli import errors
from ferry.cli.main import INTERRUPTED, parser
from tests.conftest import ROOT

LINES = [
    (page.name, line.split("  #")[0].strip())
    for page in [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
    for block in re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.S)
    for line in block.splitlines()
    if line.startswith("ferry ")
]


@pytest.mark.parametrize(("page", "line"), LINES)
def test_a_line_of_the_docs_is_understood(page, line):
    words = shlex.split(line, comments=True)[1:]
    words = words[: words.index(">")] if ">" in words else words
    given = parser().parse_args(words)
    assert callable(given.act)


def test_every_command_stands_in_the_docs():
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), pytest.raises(SystemExit):
        parser().parse_args(["--help"])
    commands = set(re.findall(r"^    ([a-z-]+) ", shown.getvalue(), re.M))
    assert {"upload", "preset", "import"} <= commands
    assert commands - {line.split()[1] for _, line in LINES} == set()


def test_the_exit_codes_of_the_page_are_the_exit_codes():
    page = Path(ROOT / "docs" / "cli.md").read_text("utf-8")
    named = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.M)}
    known = {errors.ACCEPTED, errors.REFUSED, errors.USAGE, errors.NOT_ALLOWED, errors.NOT_REACHED, errors.RULE}
    assert named == known | {INTERRUPTED}
