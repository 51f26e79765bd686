"""The packages of w3c/miniapp-tests, under the profile that their manifests need; see reference in w3c.SUITE."""

from __future__ import annotations

from pathlib import Path

import pytest

from miniapps.packages.findings import Code
from miniapps.packages.guard import Limits
from miniapps.packages.intake import Draft, examine
from tests.miniapps.packages.taking import take


@pytest.fixture(scope="module")
def suite(shared_data: Path) -> Path:
    folder = shared_data / "w3c-miniapp"
    if not folder.is_dir():
        pytest.skip(f"the W3C packages are not in {folder}")
    return folder


def draft(suite: Path, name: str) -> Draft:
    with (suite / f"{name}.ma").open("rb") as file:
        made = examine(file, Limits())
        made.declared  # noqa: B018  reads before the file closes
        return made


def test_every_package_is_taken_and_the_report_names_the_profile(suite):
    packages = sorted(suite.glob("*.ma"))
    assert len(packages) == 9
    for package in packages:
        made = draft(suite, package.stem)
        assert (made.layout.kind, made.report.errors) == ("w3c", []), package.name
        codes = [finding.code for finding in made.report.warnings]
        assert Code.PROFILE_W3C_SUITE in codes
        assert Code.PAGE_MISSING in codes  # all of them list a page that they do not hold
        written, _ = take(package.read_bytes())
        assert "manifest.json" in [path for path, *_ in written.files]


@pytest.mark.parametrize(
    ("name", "member", "value"),
    [
        ("mnf-window-background-color", "background_color", "#00FF00"),
        ("mnf-window-fullscreen-default", "fullscreen", False),
        ("mnf-window-fullscreen-true", "fullscreen", True),
        ("mnf-window-orientation-default", "orientation", "portrait"),
        ("mnf-window-orientation-landscape", "orientation", "landscape"),
        ("mnf-window-orientation-portrait", "orientation", "portrait"),
    ],
)
def test_the_window_reads_as_the_suite_expects(suite, name, member, value):
    assert draft(suite, name).declared["window"][member] == value


def test_an_empty_style_sheet_is_kept(suite):
    raw = (suite / "pkg-root-app-css-empty.ma").read_bytes()
    written, _ = take(raw)
    assert ("app.css", 0) in [(path, size) for path, _, size, _ in written.files]
