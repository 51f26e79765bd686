"""What a package declares in ferry.json is read, measured, and has to be true of its files."""

from __future__ import annotations

import json
from typing import Any

import pytest

from miniapps.packages.findings import Code
from miniapps.packages.guard import Limits
from miniapps.packages.intake import Draft, examine
from tests.world import PAGE, make_zip

FILES = {
    "index.html": PAGE,
    "pages/home.html": b"home",
    "pages/pay/index.html": b"pay",
    "pages/pay/pay.js": b"let pay = 1",
    "pages/paying.html": b"not in the sub-package",
}


def examined(about: dict[str, Any], files: dict[str, bytes] = FILES) -> Draft:
    return examine(make_zip({**files, "ferry.json": json.dumps(about).encode()}), Limits())


def errors(about: dict[str, Any]) -> list[tuple[Code, dict[str, Any]]]:
    return [(finding.code, finding.values) for finding in examined(about).report.errors]


def test_all_that_a_manifest_declares_is_kept_with_sizes():
    about = {
        "pages": ["pages/home", "pages/pay", "pages/paying.html", "#/route"],
        "subpackages": [{"name": "pay", "root": "/pages/pay/", "independent": True}],
        "capabilities": ["scan", "location.get"],
        "domains": {"request": ["https://api.example.com"], "webview": []},
        "plugins": {"charts": {"id": "2026000000000001", "range": "^1.2.0"}},
        "preload": {"pages/home": ["pay"]},
    }
    draft = examined(about)
    assert draft.report.errors == []
    assert draft.declared == {
        "pages": about["pages"],
        "subpackages": [{"name": "pay", "root": "pages/pay", "independent": True, "size": 14, "files": 2}],
        "requested": {"capabilities": about["capabilities"], "domains": about["domains"]},
        "plugins": [{"alias": "charts", "id": "2026000000000001", "range": "^1.2.0"}],
        "preload": about["preload"],
    }


def test_a_package_that_says_nothing_declares_nothing():
    assert examined({}).declared == {
        "pages": [],
        "subpackages": [],
        "requested": {"capabilities": [], "domains": {}},
        "plugins": [],
        "preload": {},
    }


def test_a_subpackage_without_a_name_is_named_after_its_folder():
    assert [each["name"] for each in examined({"subpackages": [{"root": "pages/pay"}]}).declared["subpackages"]] == [
        "pages.pay"
    ]


@pytest.mark.parametrize(
    ("about", "code", "values"),
    [
        ({"pages": ["pages/none"]}, Code.PAGE_MISSING, {"page": "pages/none", "file": "pages/none"}),
        ({"subpackages": [{"name": "a", "root": "none"}]}, Code.SUBPACKAGE_EMPTY, {"name": "a", "root": "none"}),
        (
            {"subpackages": [{"name": "a", "root": "pages"}, {"name": "b", "root": "pages/pay"}]},
            Code.SUBPACKAGE_OVERLAP,
            {"name": "b", "other": "a"},
        ),
        (
            {"subpackages": [{"name": "a", "root": "pages/pay"}, {"name": "b", "root": "pages/pay/"}]},
            Code.SUBPACKAGE_OVERLAP,
            {"name": "b", "other": "a"},
        ),
        ({"preload": {"pages/home": ["none"]}}, Code.SUBPACKAGE_UNKNOWN, {"name": "none"}),
        (
            {"domains": {"upload": ["https://files.example.com", "10.0.0.1"]}},
            Code.DOMAIN_REFUSED,
            {"domain": "10.0.0.1"},
        ),
        (
            {"domains": {"request": [f"a{number}.example.com" for number in range(31)]}},
            Code.DOMAINS_TOO_MANY,
            {"use": "request", "limit": 30},
        ),
        (
            {"pages": ["pages/home"], "preload": {"pages/pay": []}},
            Code.PAGE_UNKNOWN,
            {"page": "pages/pay"},
        ),
    ],
)
def test_what_is_declared_has_to_be_there(about, code, values):
    assert errors(about) == [(code, values)]


def test_two_subpackages_of_one_name_are_refused():
    roots = [{"name": "a", "root": "pages/pay"}, {"name": "a", "root": "img"}]
    files = {**FILES, "img/a.png": b"x"}
    assert [finding.code for finding in examined({"subpackages": roots}, files).report.errors] == [
        Code.SUBPACKAGE_TWICE
    ]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("pages", "pages/home"),
        ("pages", ["pages/home", "pages/home"]),
        ("pages", [7]),
        ("pages", [["pages/home"]]),
        ("subpackages", {"root": "pages"}),
        ("subpackages", [{"name": "a"}]),
        ("subpackages", [{"name": "__APP__", "root": "pages"}]),
        ("subpackages", [{"name": "../a", "root": "pages"}]),
        ("subpackages", [{"name": "a", "root": "pages", "independent": "yes"}]),
        ("subpackages", [{"name": "a", "root": "/"}]),
        ("capabilities", ["scan qr"]),
        ("capabilities", [{}]),
        ("domains", ["https://a.example"]),
        ("domains", {"mail": ["https://a.example"]}),
        ("domains", {"request": ["https://a.example https://b.example"]}),
        ("plugins", [{"id": "a", "range": "1"}]),
        ("plugins", {"charts": {"id": "a"}}),
        ("plugins", {"a/b": {"id": "a", "range": "1"}}),
        ("preload", {"pages/home": "pay"}),
        ("preload", {"pages/home": [[]]}),
    ],
)
def test_a_member_of_a_wrong_form_is_an_error_and_nothing_is_taken_from_it(member, value):
    draft = examined({member: value})
    assert [(finding.code, finding.values) for finding in draft.report.errors] == [
        (Code.MEMBER_INVALID, {"member": member})
    ]
    assert draft.declared == examined({}).declared
