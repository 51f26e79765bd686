"""The console as people use it: no rule of the content security policy broken, no page wider than the screen."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from analytics.segments import selectors as saved
from analytics.segments import services as segments
from ferry.kernel.identity import services as identity
from ferry.kernel.identity.actors import system
from ferry.kernel.identity.rights import Role
from miniapps import selectors, services
from miniapps.services.categories import Shelf
from push.services.channels import set_apns
from tests.console.browser.conftest import signed_in
from tests.console.browser.stage import Tab
from tests.console.desk import PASSWORD, Desk
from tests.push.apple import new_key
from tests.world import PAGE, make_zip

pytestmark = pytest.mark.browser


def pages_of(desk: Desk) -> list[str]:
    world = desk.world
    gray = selectors.releases(desk.workspace, program=world.program).filter(kind="gray").get()
    version = world.version("2.0.0")
    at, app = desk.program_url, world.host_app.pk
    return [
        "/account", desk.url("overview"), desk.url("programs"), desk.url("program-new"), at("program"),
        at("program-edit"), at("upload"), at("version", version.pk), at("release-new", version.pk, app),
        at("release", gray.pk), desk.url("devices"), desk.url("device", app, "device-00001"), desk.url("apps"),
        desk.url("app-new"), desk.url("app", app), desk.url("preset-bundles", app), desk.url("imports"),
        desk.url("members"), desk.url("member-new"), desk.url("tokens"),
        desk.url("token-new"), desk.url("signing"), desk.url("audit"), *kept(desk), *around(desk),
    ]  # fmt: skip


def kept(desk: Desk) -> list[str]:
    """Segments of both kinds, the account with Apple, size budgets."""
    admin, app = system(desk.workspace), desk.world.host_app
    abroad = [
        {"contextName": "platform", "operator": "IN", "values": ["android", "ios"]},
        {"contextName": "locale", "operator": "STR_STARTS_WITH", "values": ["zh"], "inverted": True},
    ]
    rules = segments.create_segment(actor=admin, name="Abroad", constraints=abroad)
    crew = segments.create_segment(actor=admin, name="Crew", members=["ann", "ben"])
    account = {"team_id": "TEAM123456", "key_id": "KEY1234567", "topic": "com.example.ferry", "key": new_key()[1]}
    set_apns(actor=admin, host_app=app, values=account)
    return [
        desk.url("segments"), desk.url("segment-new"), desk.url("segment", rules.pk), desk.url("segment", crew.pk),
        desk.url("channels", app.pk), desk.url("size-budgets"),
    ]  # fmt: skip


def around(desk: Desk) -> list[str]:
    """The pages around a mini-program, each with something on it."""
    world, admin = desk.world, system(desk.workspace)
    app = identity.update_host_app(actor=admin, host_app=world.host_app, link_base="harbour://open")
    world.host("Harbour test", environment="test")
    trial = world.release("2.5.0", kind="trial", invited=True)
    services.invite(actor=world.operator, release=trial, lifetime=timedelta(days=3), name="Support team")
    given = {"name": "Poster at the pier", "path": "pages/order.html", "lifetime": timedelta(days=30)}
    link = services.create_link(actor=world.operator, host_app=app, program=world.program, **given)
    text = {"en": "We keep your tickets for a year.", "zh-Hans": "我们保存您的车票一年。"}
    services.publish_agreement(actor=world.operator, program=world.program, text=text, url={})
    shelves = [Shelf("travel", {"en": "Travel", "zh-Hans": "出行"}), Shelf("food", {"en": "Food", "zh-Hans": "美食"})]
    services.set_categories(actor=world.operator, shelves=shelves)
    version = world.version("2.5.0")
    preview = services.create_preview(actor=world.developer, version=version, lifetime=timedelta(hours=3))
    at = desk.program_url
    return [
        desk.url("reviews"), desk.url("links"), desk.url("link", link.pk), desk.url("categories"), at("privacy"),
        at("release", trial.pk), at("version", version.pk), at("preview-show", version.pk, preview.pk),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("width", "locale", "scheme"), [(1280, "en-US", "light"), (375, "zh-CN", "dark"), (768, "zh-CN", "light")]
)
def test_no_page_breaks_the_policy_or_the_screen(desk, stage, live_server, width, locale, scheme):
    with stage.tab(site=live_server.url, width=width, locale=locale) as visitor:
        assert visitor.goto("/sign-in") == 200
    with signed_in(desk, stage, live_server, Role.ADMIN, width=width, locale=locale, scheme=scheme) as tab:
        for address in pages_of(desk):
            assert tab.goto(address) == 200
            tab.do(lambda page: page.wait_for_load_state("networkidle") if "/releases/" not in page.url else None)
            wide = tab.do(lambda page: page.evaluate("document.documentElement.scrollWidth - innerWidth"))
            assert (address, wide <= 0) == (address, True)
            assert tab.do(lambda page: page.locator("h1").count()) == 1
            unnamed = tab.do(
                lambda page: page.evaluate(
                    "[...document.querySelectorAll('button, a[href], input:not([type=hidden]), select, textarea')]"
                    ".filter(e => !(e.innerText || e.value || e.ariaLabel || e.labels?.length || e.textContent.trim()))"
                    ".map(e => e.outerHTML)"
                )
            )
            assert (address, unnamed) == (address, [])
    assert stage.complaints == []


def test_a_violation_would_be_seen(admin: Tab, desk: Desk, stage):
    """The proof of the proof: an inline style and a foreign script do raise complaints."""
    admin.goto(desk.url("overview"))
    admin.do(
        lambda page: page.evaluate(
            "document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p><img src=\"http://127.0.0.2/x\">')"
        )
    )
    admin.do(lambda page: page.wait_for_timeout(200))
    assert any("Content Security Policy" in complaint for complaint in stage.complaints)


def test_signing_in_with_the_keyboard_alone(desk, stage, live_server):
    with stage.tab(site=live_server.url) as tab:
        tab.goto(desk.url("devices"))
        email = desk.account(Role.OPERATOR).email

        def type_it(page):
            page.keyboard.type(email)  # the field has the focus
            page.keyboard.press("Tab")
            page.keyboard.type(PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url("**/devices")
            page.keyboard.press("Tab")
            return page.evaluate("document.activeElement.textContent")

        assert tab.do(type_it) == "Skip to content"
    assert stage.complaints == []


def test_the_ramp_from_the_slider_to_the_roll_back(desk, stage, live_server):
    gray = selectors.releases(desk.workspace, program=desk.world.program).filter(kind="gray").get()
    with signed_in(desk, stage, live_server, Role.OPERATOR) as tab:
        tab.goto(desk.program_url("release", gray.pk))

        def raise_share(page):
            page.get_by_role("group", name="Quick steps").get_by_text("50%").click()
            assert page.input_value("#share") == "50"
            slider = page.get_by_label("New share", exact=True)
            slider.press("ArrowLeft")
            assert 49 <= float(page.input_value("#share")) < 50
            page.fill("#share", "33.33")
            page.get_by_role("button", name="Dry run").click()
            page.get_by_text("would change version").wait_for()
            page.get_by_role("button", name="Set the share").click()
            page.get_by_text("The share is set.").wait_for()

        tab.do(raise_share)
        assert selectors.release(desk.workspace, gray.pk).share == 3333

        def roll_back(page):
            page.get_by_role("button", name="Roll back").click()
            dialog = page.get_by_role("dialog")
            dialog.get_by_role("button", name="Roll back").click()  # nothing happens: the reason is missing
            assert dialog.is_visible()
            dialog.get_by_label("Why").fill("Tickets fail on iOS.")
            dialog.get_by_role("button", name="Roll back").click()
            page.get_by_text("Devices return at their next check-in.").first.wait_for()

        tab.do(roll_back)
        assert selectors.release(desk.workspace, gray.pk).state == "rolled_back"
    assert stage.complaints == []


def test_the_page_follows_what_happens_elsewhere(admin: Tab, desk: Desk, stage):
    gray = selectors.releases(desk.workspace, program=desk.world.program).filter(kind="gray").get()
    admin.goto(desk.program_url("release", gray.pk))
    admin.do(lambda page: page.locator("#trail svg path").first.wait_for(state="attached"))
    before = admin.text("#live")
    desk.world.raise_to(gray, 100)
    admin.do(lambda page: page.get_by_text("plan 100%").wait_for())  # somebody else raised it: the page reloads
    desk.checked_in()
    admin.do(lambda page: page.locator("#live").get_by_text("60 devices", exact=False).first.wait_for())
    admin.do(lambda page: page.wait_for_function("document.querySelector('#live').innerText.startsWith('2.0.0')"))
    assert admin.text("#live") != before
    assert stage.complaints == []


def test_explaining_a_device(admin: Tab, desk: Desk, stage):
    gray = selectors.releases(desk.workspace, program=desk.world.program).filter(kind="gray").get()
    admin.goto(desk.program_url("release", gray.pk))

    def explain(page):
        page.get_by_role("button", name="Show devices seen lately").click()
        page.locator("button.mono").first.click()
        page.locator("#explained").get_by_text("It gets").wait_for()
        page.fill("#device", "no such device")
        page.get_by_role("button", name="Explain").click()
        page.locator("#explained").get_by_text("There is no such device").wait_for()

    admin.do(explain)


def test_uploading_shows_the_report_and_then_the_version(desk, stage, live_server, tmp_path: Path):
    bad, good = tmp_path / "bad.zip", tmp_path / "good.zip"
    bad.write_bytes(make_zip({"../escape.html": PAGE}).read())
    good.write_bytes(make_zip({"index.html": PAGE, "big.bin": bytes(range(256)) * 4000}).read())
    with signed_in(desk, stage, live_server, Role.DEVELOPER) as tab:
        tab.goto(desk.program_url("upload"))

        def upload(page):
            page.fill("[name=name]", "4.0.0")
            page.fill("[name=android_min]", "6.0.0")
            page.set_input_files("[name=archive]", bad)
            page.get_by_role("button", name="Upload and check").click()
            page.get_by_text("The package was refused").wait_for()
            assert "escape.html" in page.inner_text("[data-report]")
            assert page.input_value("[name=name]") == "4.0.0"
            page.set_input_files("[name=archive]", good)
            page.get_by_role("button", name="Upload and check").click()
            page.get_by_text("Version 4.0.0 is uploaded and checked.").wait_for()
            page.get_by_role("button", name="Submit for review").first.click()
            page.get_by_text("Waiting for review").wait_for()

        tab.do(upload)
    # The refused upload answers 422, which Chromium reports as a failed resource; nothing else may be reported.
    assert [one for one in stage.complaints if "422" not in one] == []


def test_an_upload_goes_on_after_the_connection_broke(desk, stage, live_server, tmp_path: Path):
    package = tmp_path / "package.zip"
    package.write_bytes(make_zip({"index.html": PAGE, "big.bin": bytes(range(256)) * 40_000}, compression=0).read())
    sent: list[str] = []

    def first_two_break(route):
        sent.append(route.request.headers["upload-offset"])
        route.abort() if len(sent) in (1, 3) else route.continue_()

    with signed_in(desk, stage, live_server, Role.DEVELOPER) as tab:
        tab.goto(desk.program_url("upload"))

        def upload(page):
            page.route(
                "**/uploads/*",
                lambda route: first_two_break(route) if route.request.method == "PATCH" else route.continue_(),
            )
            page.fill("[name=name]", "5.0.0")
            page.fill("[name=android_min]", "6.0.0")
            page.set_input_files("[name=archive]", package)
            page.get_by_role("button", name="Upload and check").click()
            page.get_by_text("Version 5.0.0 is uploaded and checked.").wait_for()

        tab.do(upload)
    assert sent == ["0", "0", str(4 << 20), str(4 << 20), str(8 << 20)]
    assert [one for one in stage.complaints if "ERR_FAILED" not in one] == []  # the two that were broken on purpose


def test_a_segment_is_made_in_the_editor_and_counted(admin: Tab, desk: Desk, stage):
    admin.goto(desk.url("segment-new"))

    def make(page):
        assert not page.locator("[name=members]").is_visible()
        page.locator("[name=kind][value=list]").check()
        assert not page.get_by_role("button", name="Add a condition").is_visible()
        page.locator("[name=kind][value=rules]").check()
        page.get_by_label("Name", exact=True).fill("Phones")
        page.get_by_role("button", name="Add a condition").click()
        page.locator("form [name=condition_name]").fill("platform")
        page.locator("form [name=condition_values]").fill("android, ios")
        page.get_by_role("button", name="Make the segment").click()
        page.get_by_role("button", name="Count").click()
        page.get_by_text("60 devices belong").wait_for()

    admin.do(make)
    [made] = saved.segments(desk.workspace)
    assert made.constraints == [{"contextName": "platform", "operator": "IN", "values": ["android", "ios"]}]
    assert stage.complaints == []


def test_the_menu_of_a_narrow_screen(desk, stage, live_server):
    with signed_in(desk, stage, live_server, Role.ADMIN, width=375) as tab:
        tab.goto(desk.url("overview"))

        def walk(page):
            assert not page.get_by_role("link", name="Members").is_visible()
            page.get_by_role("button", name="Menu").click()
            page.get_by_role("link", name="Members").click()
            page.wait_for_url("**/members")
            assert not page.get_by_role("link", name="Overview").is_visible()

        tab.do(walk)
    assert stage.complaints == []


def test_the_language_changes_where_one_stands(admin: Tab, desk: Desk):
    admin.goto(desk.url("members"))

    def change(page):
        page.locator("summary[aria-label=Language]").click()
        page.get_by_role("button", name="简体中文").click()
        page.get_by_role("heading", name="成员").wait_for()
        return page.url

    assert admin.do(change).endswith("/members")


def test_a_chart_stays_in_its_card_when_another_card_appears_beside_it(desk, stage, live_server):
    with signed_in(desk, stage, live_server, Role.ADMIN, width=1100) as tab:
        tab.goto(desk.url("overview"))
        tab.do(lambda page: page.locator("#day-chart svg").wait_for())
        tab.do(
            lambda page: page.wait_for_function(
                "[...document.querySelectorAll('[data-chart] svg')].filter(svg => svg.checkVisibility()).length === 2"
                " && [...document.querySelectorAll('[data-chart]')].every(place =>"
                "   Math.abs(place.querySelector('svg').getBoundingClientRect().width - place.clientWidth) < 2)"
            )
        )
