"""The kind of a package is told by its content, and each kind's own rules hold."""

from __future__ import annotations

import json

import pytest

from miniapps.packages.findings import Code, Refused
from miniapps.packages.guard import Limits
from miniapps.packages.intake import Draft, examine
from miniapps.packages.sizes import Budgets
from tests.miniapps.packages import samples
from tests.miniapps.packages.samples import PAGES, Files, as_json
from tests.world import make_zip

SAMPLES = {
    "h5": samples.h5(),
    "dimina": samples.dimina(),
    "wechat": samples.wechat(),
    "alipay": samples.alipay(),
    "w3c": samples.w3c(),
    "plugin": samples.plugin(),
    "codepush": samples.codepush(),
}


def examined(files: Files, budgets: Budgets | None = None) -> Draft:
    return examine(make_zip(files), Limits(), budgets)


def found(files: Files) -> list[tuple[Code, dict]]:
    return [(finding.code, finding.values) for finding in examined(files).report.errors]


def warned(draft: Draft) -> list[Code]:
    return [finding.code for finding in draft.report.warnings]


@pytest.mark.parametrize("kind", SAMPLES)
def test_each_kind_is_told_by_its_content_also_in_a_folder(kind):
    draft = examined(SAMPLES[kind])
    assert (draft.layout.kind, draft.layout.prefix, draft.report.errors) == (kind, "", [])
    wrapped = examined({f"City Ferry 1.0/{path}": content for path, content in SAMPLES[kind].items()})
    assert (wrapped.layout.kind, wrapped.layout.prefix, wrapped.report.errors) == (kind, "City Ferry 1.0/", [])
    assert set(wrapped.sources) == set(SAMPLES[kind])
    assert Code.FOLDER_STRIPPED in warned(wrapped)


def test_a_folder_www_alone_is_an_h5_package_and_beside_something_a_cordova_app():
    assert examined({"www/index.html": b"<p>"}).layout.kind == "h5"
    cordova = examined({"www/index.html": b"<p>", "ferry.json": b"{}"})
    assert (cordova.layout.kind, cordova.entry, cordova.report.errors) == ("codepush", "www/index.html", [])


@pytest.mark.parametrize("files", [{"readme.md": b"hi"}, {"a/b/index.html": b"deep"}, {"app.json": b"{}"}])
def test_what_no_kind_claims_is_refused(files):
    with pytest.raises(Refused) as refused:
        examined(files)
    assert refused.value.finding.code is Code.NO_ENTRY


@pytest.mark.parametrize("kind", ["dimina", "wechat", "alipay"])
def test_what_app_json_says_is_kept(kind):
    draft = examined(SAMPLES[kind])
    roots = {"dimina": ("sub_shop", "sub_trips"), "wechat": ("miniprogram/shop", "miniprogram/trips")}
    assert draft.entry == "pages/home/home"
    assert draft.declared["pages"] == PAGES
    assert [(each["name"], each["root"], each["independent"]) for each in draft.declared["subpackages"]] == [
        ("shop", roots.get(kind, ("shop", "trips"))[0], False),
        ("trips", roots.get(kind, ("shop", "trips"))[1], True),
    ]
    assert draft.declared["preload"] == {"pages/home/home": ["shop", "trips"]}
    assert draft.declared["requested"]["capabilities"] == ["scope.userLocation", "chooseLocation"]
    sizes = {each["name"]: each["size"] for each in draft.sizes}
    assert sizes["__FULL__"] == sum(map(len, SAMPLES[kind].values()))
    assert sizes["__FULL__"] == sizes["__APP__"] + sizes["shop"] + sizes["trips"]
    assert sizes["shop"] > 0


@pytest.mark.parametrize(("kind", "make"), [("dimina", samples.dimina), ("wechat", samples.wechat)])
@pytest.mark.parametrize(
    ("app", "code"),
    [
        ({"pages": []}, Code.MEMBER_INVALID),
        ({"pages": "pages/home/home"}, Code.MEMBER_INVALID),
        ({"subPackages": [{"root": "shop"}, {"root": "shop/list"}]}, Code.SUBPACKAGE_OVERLAP),
        ({"subPackages": [{"root": "nowhere", "pages": []}]}, Code.SUBPACKAGE_EMPTY),
        ({"subPackages": [{"pages": []}]}, Code.MEMBER_INVALID),
        ({"subPackages": {"root": "shop"}}, Code.MEMBER_INVALID),
        ({"tabBar": {"list": [{"pagePath": "shop/list/list"}]}}, Code.TAB_IN_SUBPACKAGE),
        ({"tabBar": {"list": [{"pagePath": "pages/none"}]}}, Code.PAGE_UNKNOWN),
        ({"tabBar": {"list": ["pages/home/home"]}}, Code.MEMBER_INVALID),
        ({"tabBar": 7}, Code.MEMBER_INVALID),
        ({"entryPagePath": "pages/none"}, Code.PAGE_UNKNOWN),
        ({"entryPagePath": 7}, Code.MEMBER_INVALID),
        ({"pages": ["pages/home/home", "pages/me/me", "pages/none"]}, Code.PAGE_MISSING),
        ({"pages": ["pages/home/home", "pages/me/me", "shop/list/list"]}, Code.PAGE_IN_SUBPACKAGE),
        ({"preloadRule": {"pages/home/home": {"packages": ["none"]}}}, Code.SUBPACKAGE_UNKNOWN),
        ({"preloadRule": {"pages/none": {"packages": ["shop"]}}}, Code.PAGE_UNKNOWN),
        ({"preloadRule": {"pages/home/home": ["shop"]}}, Code.MEMBER_INVALID),
    ],
)
def test_what_contradicts_itself_in_app_json_is_an_error(kind, make, app, code):
    errors = found(make(app))
    assert code in [found_code for found_code, _ in errors], errors


def test_a_compiled_package_lacks_nothing_that_its_container_loads():
    whole = samples.dimina()
    for lacking in ("main/logic.js", "sub_shop/logic.js"):
        assert found({path: content for path, content in whole.items() if path != lacking}) == [
            (Code.FILE_MISSING, {"file": lacking})
        ]
    assert found({path: content for path, content in whole.items() if path != "sub_shop/shop_item_item.js"}) == [
        (Code.PAGE_MISSING, {"page": "shop/item/item", "file": "sub_shop/shop_item_item.js"})
    ]


def test_a_compiled_game_has_no_pages():
    files = {
        "main/app-config.json": as_json(
            {"app": {"pages": ["game"], "entryPagePath": "game", "runtimeType": "game"}, "modules": {}}
        ),
        "main/logic.js": b"//",
    }
    draft = examined(files)
    assert (draft.report.errors, draft.entry) == ([], "game")


@pytest.mark.parametrize("broken", [b"[]", b"{", b"\xff", b'{"app": []}', b"[" * 100_000])
def test_a_configuration_that_cannot_be_read_is_refused(broken):
    files = {**samples.dimina(), "main/app-config.json": broken}
    try:
        errors = [code for code, _ in found(files)]
    except Refused as refused:
        errors = [refused.finding.code]
    assert errors[0] in (Code.MANIFEST_NOT_JSON, Code.MEMBER_INVALID)


@pytest.mark.parametrize("kind", ["wechat", "alipay"])
def test_a_source_tree_is_taken_with_a_warning_that_nothing_runs_it(kind):
    assert warned(examined(SAMPLES[kind])) == [Code.SOURCE_ONLY]


@pytest.mark.parametrize(("files", "ending"), [(samples.wechat(root=""), ".wxml"), (samples.alipay(), ".axml")])
def test_a_page_of_a_source_tree_needs_template_and_script(files, ending):
    without = {path: content for path, content in files.items() if not path.startswith("pages/me/me")}
    errors = found(without)
    assert [code for code, _ in errors] == [Code.PAGE_MISSING, Code.PAGE_MISSING]
    assert errors[0][1]["file"] == f"pages/me/me{ending}"


def test_a_source_tree_of_a_game():
    files = {
        "project.config.json": as_json({"compileType": "game"}),
        "game.json": as_json({"deviceOrientation": "portrait", "subpackages": [{"name": "one", "root": "stages/one"}]}),
        "game.js": b"",
        "stages/one/game.js": b"",
    }
    assert found(files) == []
    assert found({path: content for path, content in files.items() if path != "game.js"}) == [
        (Code.FILE_MISSING, {"file": "game.js"})
    ]


def test_ferry_json_beside_another_kind_adds_what_that_kind_cannot_say():
    ours = {
        "host_range": {"android": {"min": "6.0"}},
        "version": "2.0.0",
        "domains": {"request": ["https://api.example.com"]},
        "pages": ["pages/other"],
        "entry": "pages/me/me",
    }
    draft = examined({**samples.dimina(), "ferry.json": as_json(ours)})
    assert draft.report.errors == []
    assert (draft.manifest.version, draft.entry) == ("2.0.0", "pages/me/me")
    assert draft.manifest.host_range == ours["host_range"]
    assert draft.declared["pages"] == PAGES
    assert draft.declared["requested"]["domains"] == ours["domains"]
    assert [finding.values for finding in draft.report.ignored] == [{"member": "pages"}]
    wrong = {**samples.dimina(), "ferry.json": as_json({"entry": "pages/none"})}
    assert found(wrong) == [(Code.PAGE_UNKNOWN, {"page": "pages/none"})]


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"app_id": None}, "app_id"),
        ({"name": 7}, "name"),
        ({"version": {"code": -5, "name": "1"}}, "version"),
        ({"version": {"name": "1"}}, "version"),
        ({"icons": []}, "icons"),
        ({"pages": 5}, "pages"),
        ({"platform_version": {}}, "platform_version"),
        ({"platform_version": {"min_code": "1"}}, "platform_version"),
    ],
)
def test_w3c_demands_its_required_members_which_the_published_schema_does_not(change, member):
    assert found(samples.w3c(change)) == [(Code.MEMBER_INVALID, {"member": member})]


@pytest.mark.parametrize(
    ("change", "ignored"),
    [
        ({"color_scheme": "pink"}, "color_scheme"),
        ({"invented": 1}, "invented"),
        ({"window": {"orientation": "upside"}}, "window.orientation"),
        ({"window": []}, "window"),
        ({"req_permissions": ["scan"]}, "req_permissions"),
    ],
)
def test_w3c_leaves_out_what_is_optional_and_wrong(change, ignored):
    draft = examined(samples.w3c(change))
    assert draft.report.errors == []
    assert [finding.values for finding in draft.report.ignored] == [{"member": ignored}]


def test_w3c_window_is_read_with_its_defaults():
    window = examined(samples.w3c({"window": {"fullscreen": True}})).declared["window"]
    assert (window["fullscreen"], window["background_color"], window["orientation"]) == (True, "#ffffff", "portrait")


@pytest.mark.parametrize("lacking", ["app.js", "app.css"])
def test_w3c_needs_its_files(lacking):
    files = {path: content for path, content in samples.w3c().items() if path != lacking}
    assert found(files) == [(Code.FILE_MISSING, {"file": lacking})]


def test_w3c_reads_its_texts():
    reason = "Expecting value: line 1 column 1 (char 0)"
    assert found({**samples.w3c(), "i18n/zh.json": b"nothing"}) == [(Code.MANIFEST_NOT_JSON, {"reason": reason})]
    without = {path: content for path, content in samples.w3c().items() if not path.startswith("i18n/")}
    assert warned(examined(without)) == [Code.TEXTS_MISSING]


def test_a_missing_page_is_an_error_outside_the_suite():
    """A folder src/ alone does not buy the suite's leniency; only its own test.jsonld beside it does."""
    files = {f"src/{path}": content for path, content in samples.w3c({"pages": ["pages/none"]}).items()}
    assert [code for code, _ in found(files)] == [Code.PAGE_MISSING]
    suite = examined({**files, "test.jsonld": b"{}"})
    assert (suite.report.errors, suite.layout.suite) == ([], True)
    assert warned(suite)[:3] == [Code.FOLDER_STRIPPED, Code.PROFILE_W3C_SUITE, Code.PAGE_MISSING]
    assert "test.jsonld" not in suite.sources


def test_budgets_are_for_the_whole_the_main_package_and_each_subpackage():
    def over(budgets: Budgets) -> list[str]:
        draft = examined(samples.dimina(), budgets)
        return [finding.values["name"] for finding in draft.report.errors if finding.code is Code.OVER_BUDGET]

    roomy = {"total": 10_000, "main": 10_000, "subpackage": 10_000}
    assert over(Budgets(**roomy)) == []
    assert over(Budgets(**{**roomy, "total": 100})) == ["__FULL__"]
    assert over(Budgets(**{**roomy, "main": 100})) == ["__APP__"]
    assert over(Budgets(**{**roomy, "subpackage": 1})) == ["shop", "trips"]


def test_a_report_is_plain_json():
    for files in SAMPLES.values():
        draft = examined(files)
        json.dumps([draft.declared, draft.sizes, [finding.values for finding in draft.report.warnings]])
