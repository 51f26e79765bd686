"""Manifests that parsers, databases or phones would read apart: refused with a sentence, whatever their kind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from miniapps import offline
from miniapps.packages.declared import MAX_PAGES, MAX_REQUESTS
from tests.miniapps.packages import samples
from tests.world import PAGE, make_zip

HALF, NUL = "\ud83d", "\0"


MANY_FOLDERS = [{"root": f"f{n}", "pages": [f"p{m}" for m in range(MAX_PAGES // 10)]} for n in range(10)]


def ours(about: Any) -> samples.Files:
    return {"index.html": PAGE, "ferry.json": about if isinstance(about, bytes) else json.dumps(about).encode()}


def checked(files: samples.Files) -> dict[str, Any]:
    """As an upload would be told; what it says can be sent and stored."""
    told = offline.check(make_zip(files))
    stored = json.dumps(told, ensure_ascii=False)
    stored.encode()
    assert "\\u0000" not in stored
    return told


def refused(files: samples.Files) -> list[tuple[str, str]]:
    return [(each["code"], each["message"]) for each in checked(files)["report"]["errors"]]


@pytest.mark.parametrize(
    "files",
    [
        ours({"notes": HALF}),
        ours({"notes": NUL}),
        ours({HALF: 1}),
        ours({NUL: 1}),
        ours({"host_range": {HALF: {"min": "1"}}}),
        ours(b'{"version": "1.0.0", "version": "2.0.0"}'),
        ours(b'{"host_range": {"ios": {"min": "1"}, "ios": {"min": "2"}}}'),
        ours(b'{"order": 1' + b"0" * 400 + b"}"),
        ours(b'{"order": NaN}'),
        {"index.html": PAGE, "manifest.json": json.dumps({"notes": HALF}).encode()},
        samples.w3c({HALF: 1}),
        samples.w3c({"window": {NUL: 1}}),
        samples.dimina({"preloadRule": {"pages/home/home": {"packages": [HALF]}}}),
        samples.wechat({"permission": {NUL: {}}}),
        {**samples.plugin(), "plugin.json": json.dumps({HALF: 1}).encode()},
    ],
)
def test_what_two_readers_would_read_apart_is_refused(files):
    ((code, message),) = refused(files)
    assert code == "manifest_not_json"
    assert message.startswith("This is not a JSON object in UTF-8: ")


def test_a_name_twice_is_said_to_be_twice():
    ((_, message),) = refused(ours(b'{"version": "1.0.0", "version": "2.0.0"}'))
    assert "“version” stands twice" in message


@pytest.mark.parametrize(
    ("files", "member"),
    [
        (samples.dimina({"requiredPrivateInfos": [f"info{n}" for n in range(MAX_REQUESTS + 1)]}), "app.permission"),
        (samples.wechat({"permission": {f"scope.{n}": {} for n in range(MAX_REQUESTS + 1)}}), "permission"),
        (samples.w3c({"platform_version": {"min_code": 2**31}}), "platform_version"),
        (samples.w3c({"version": {"code": 2**31, "name": "1"}}), "version"),
        (samples.w3c({"pages": [f"pages/{n}" for n in range(MAX_PAGES + 1)]}), "pages"),
        (samples.wechat({"subPackages": MANY_FOLDERS}), "subPackages.pages"),
        (samples.alipay({"tabBar": {"items": [{"pagePath": "pages/me/me"}] * (MAX_PAGES + 1)}}), "tabBar"),
        (samples.wechat({"preloadRule": {f"pages/{n}": {} for n in range(MAX_PAGES + 1)}}), "preloadRule"),
    ],
)
def test_what_has_no_end_has_a_wrong_form(files, member):
    assert f"The member “{member}” has a wrong form." in [message for _, message in refused(files)]


def test_w3c_ignores_permissions_without_end():
    told = checked(samples.w3c({"req_permissions": [{"name": f"a{n}"} for n in range(MAX_REQUESTS + 1)]}))
    assert told["accepted"]
    assert told["package"]["declared"]["requested"]["capabilities"] == []
    assert [each["values"] for each in told["report"]["ignored"]] == [{"member": "req_permissions"}]


def test_a_report_stays_one_that_people_can_read():
    told = checked(samples.w3c({f"member{n}": 1 for n in range(5_000)}))
    assert told["accepted"]
    assert len(told["report"]["ignored"]) == 1_000
