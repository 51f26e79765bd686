"""Short links, privacy agreements and categories at the edge: a page for people, answers for hosts."""

from __future__ import annotations

import re

import pytest

import miniapps.edge
import miniapps.edge_directory
import miniapps.links_edge
import miniapps.privacy_edge
from ferry.edge import registry, server
from ferry.edge.app import EdgeApp
from ferry.edge.files import FileSender
from ferry.edge.settings import EdgeSettings
from ferry.edge.snapshot.client import SnapshotClient
from ferry.edge.tokens import DeviceKeys, DeviceToken
from ferry.journal.errors import JournalUnavailable
from miniapps import landing
from miniapps.qr import qr_svg
from tests.edge.published import (
    APP_ID,
    APP_KEY,
    DEVICE_SECRET,
    NOW,
    Caller,
    Clock,
    Notes,
    Published,
    app_body,
    program_body,
    release_body,
)

CODE = "1abcdefgh"
OVER = "1abcdefgj"
LINK = {"program": "card", "path": "pages/o.html", "query": "a=1&b=<x>", "expires_at": None}
AUTHORIZATION = "Device " + DeviceKeys(DEVICE_SECRET, APP_KEY).issue(DeviceToken("d1", int(NOW * 1000), user="anna"))


@pytest.fixture
def call(client: SnapshotClient, notes: Notes, edge_settings: EdgeSettings, clock: Clock) -> Caller:
    """An edge with the routes of mini-programs."""
    registry.register_loader("links", "miniapps.snapshot_load_around.load_links")
    registry.register_loader("categories", "miniapps.snapshot_load_around.load_categories")
    app = EdgeApp(
        settings=edge_settings,
        snapshots=client.snapshots,
        journal=notes,
        routes=(
            miniapps.edge_directory.add_routes,
            miniapps.links_edge.add_routes,
            miniapps.privacy_edge.add_routes,
        ),
        clock=clock,
    )
    server.add_own_routes(app, FileSender())
    return Caller(app)


@pytest.fixture(autouse=True)
def _published(published: Published, client: SnapshotClient) -> None:
    published.app = app_body(link_base="harbour://open")
    icons = {"96": "a" * 64}
    release = release_body(1, terms={"serial": 1, "privacy": {"version": 2}}, terms_signature={})
    published.program(program_body("card", release, name="Card <b>", description="Pay & go", icons=icons))
    published.others["links:h"] = {"links": {CODE: LINK}}
    published.others["links:j"] = {"links": {OVER: LINK | {"expires_at": NOW}}}
    published.version += 1
    client.poll()


def again(published: Published, client: SnapshotClient) -> None:
    published.version += 1
    client.poll()


class TestLandingPage:
    """GET /l/{code}."""

    def test_it_leads_into_the_app_with_a_button_and_a_qr(self, call: Caller, notes: Notes) -> None:
        answer = call("GET", f"/l/{CODE}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert re.findall(r'href="([^"]*)"', answer.text) == [
            f"harbour://open?program=card&amp;path=pages%2Fo.html&amp;query=a%3D1%26b%3D%3Cx%3E&amp;link={CODE}"
        ]
        assert "<h1>Card &lt;b&gt;</h1>" in answer.text
        assert "<p>Pay &amp; go</p>" in answer.text
        assert qr_svg(f"https://edge.test/l/{CODE}") in answer.text
        assert notes.offered == [("link_opened", {"host_app": APP_ID, "code": CODE, "at": int(NOW * 1000), "seq": 1})]

    def test_it_holds_no_script_and_the_policy_allows_none(self, call: Caller) -> None:
        answer = call("GET", f"/l/{CODE}")
        assert "<script" not in answer.text.lower()
        assert answer.headers["content-security-policy"] == landing.policy("https://edge.test")
        assert "default-src 'none'" in landing.policy("https://edge.test")
        assert "img-src https://edge.test;" in landing.policy("https://edge.test")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"

    def test_it_speaks_the_readers_language(self, call: Caller) -> None:
        assert '<html lang="zh-Hans">' in call("GET", f"/l/{CODE}", accept_language="fr,zh-CN;q=0.9,en;q=0.8").text
        assert "Open in Harbour" in call("GET", f"/l/{CODE}", accept_language="en-GB,zh;q=0.5").text
        for odd in ("", "*", "fr", "x" * 5000, "zh;q=nan", ";;,q=1"):
            assert call("GET", f"/l/{CODE}", accept_language=odd).status_code == 200

    def test_it_never_redirects_whatever_is_asked(self, call: Caller) -> None:
        for path in (
            f"/l/{CODE}?to=https://evil.example",
            f"/l/{CODE}/",
            "/l//evil.example",
            "/l/https:%2F%2Fevil.example",
        ):
            answer = call("GET", path)
            assert "location" not in answer.headers
            assert "evil" not in answer.text

    @pytest.mark.parametrize("code", ["1zzzzzzzz", "2abcdefgh", "x", "1ABCDEFGH", "%F0%9F%98%80", "a" * 500])
    def test_what_leads_nowhere_says_so(self, call: Caller, notes: Notes, code: str) -> None:
        answer = call("GET", f"/l/{code}")
        assert answer.status_code == 404
        assert "This link leads nowhere." in answer.text
        assert "href" not in answer.text
        assert notes.offered == []

    def test_a_link_that_is_over_says_so(self, call: Caller, notes: Notes, clock: Clock) -> None:
        answer = call("GET", f"/l/{OVER}")
        assert (answer.status_code, "This link is over." in answer.text) == (410, True)
        assert notes.offered == []
        clock.now -= 1
        assert call("GET", f"/l/{OVER}").status_code == 200

    def test_a_link_checker_does_not_count(self, call: Caller, notes: Notes) -> None:
        answer = call("HEAD", f"/l/{CODE}")
        assert (answer.status_code, notes.offered) == (200, [])

    def test_a_withdrawn_program_shows_its_message_and_no_button(
        self, call: Caller, published: Published, client: SnapshotClient
    ) -> None:
        published.program(program_body("card", release_body(1), withdrawn={"message": "Closed <now>."}))
        again(published, client)
        answer = call("GET", f"/l/{CODE}")
        assert "Closed &lt;now&gt;." in answer.text
        assert "href" not in answer.text

    def test_an_app_that_takes_no_links_any_more_has_no_button(
        self, call: Caller, published: Published, client: SnapshotClient
    ) -> None:
        published.app = app_body(link_base="")
        again(published, client)
        answer = call("GET", f"/l/{CODE}")
        assert (answer.status_code, "href" in answer.text) == (200, False)

    def test_an_app_that_is_switched_off_has_no_links(
        self, call: Caller, published: Published, client: SnapshotClient
    ) -> None:
        published.app = app_body(active=False)
        again(published, client)
        assert call("GET", f"/l/{CODE}").status_code == 404


class TestResolving:
    """GET /v1/links/{code}: for a host app that reads a QR itself."""

    def test_the_host_app_learns_where_it_leads(self, call: Caller, notes: Notes) -> None:
        answer = call("GET", f"/v1/links/{CODE}")
        assert answer.json() == {"id": "card", "path": "pages/o.html", "query": "a=1&b=<x>", "link": CODE}
        assert [kind for kind, _ in notes.offered] == ["link_opened"]

    @pytest.mark.parametrize(
        ("code", "status", "error"),
        [("1zzzzzzzz", 404, "no_such_link"), (OVER, 410, "link_over"), ("x", 404, "no_such_link")],
    )
    def test_what_leads_nowhere(self, call: Caller, code: str, status: int, error: str) -> None:
        answer = call("GET", f"/v1/links/{code}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, error)

    def test_without_the_app_key_nothing_is_told(self, call: Caller) -> None:
        assert call("GET", f"/v1/links/{CODE}", x_app_key="fa_other").status_code == 401


class TestAcceptedPrivacy:
    """POST /v1/privacy/accept."""

    def test_it_is_on_disk_before_the_answer(self, call: Caller, notes: Notes) -> None:
        body = {"program": "card", "version": 2}
        answer = call("POST", "/v1/privacy/accept", json=body, authorization=AUTHORIZATION)
        assert (answer.status_code, answer.json()) == (200, {"stored": True})
        told = {"host_app": APP_ID, "device": "d1", "user": "anna", **body, "at": int(NOW * 1000), "seq": 1}
        assert notes.appended == [("privacy_accepted", told)]

    def test_a_full_journal_is_a_503_and_not_a_yes(self, call: Caller, notes: Notes) -> None:
        notes.refusal = JournalUnavailable(reason="the disk is full", retry_after=3)
        answer = call("POST", "/v1/privacy/accept", json={"program": "card", "version": 1}, authorization=AUTHORIZATION)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")

    def test_where_consent_is_required_and_missing_nothing_is_kept(
        self, call: Caller, notes: Notes, published: Published, client: SnapshotClient
    ) -> None:
        published.app = app_body(consent="required")
        again(published, client)
        answer = call("POST", "/v1/privacy/accept", json={"program": "card", "version": 1}, authorization=AUTHORIZATION)
        assert (answer.json(), notes.appended) == ({"stored": False}, [])

    def test_for_a_program_that_nobody_offers_here_nothing_is_kept(
        self, call: Caller, notes: Notes, published: Published, client: SnapshotClient
    ) -> None:
        body = {"program": "later", "version": 1}
        answer = call("POST", "/v1/privacy/accept", json=body, authorization=AUTHORIZATION)
        assert (answer.status_code, answer.json(), notes.appended) == (200, {"stored": False}, [])
        published.program(program_body("later", release_body(1), withdrawn={"message": "Closed."}))
        client.poll()
        answer = call("POST", "/v1/privacy/accept", json=body, authorization=AUTHORIZATION)
        assert (answer.json(), len(notes.appended)) == ({"stored": True}, 1)

    @pytest.mark.parametrize(("version", "stored"), [(1, True), (2, True), (3, False)])
    def test_nothing_is_accepted_that_is_not_published_yet(
        self, call: Caller, notes: Notes, version: int, stored: bool
    ) -> None:
        body = {"program": "card", "version": version}
        answer = call("POST", "/v1/privacy/accept", json=body, authorization=AUTHORIZATION)
        assert (answer.json(), len(notes.appended)) == ({"stored": stored}, int(stored))

    def test_where_no_agreement_is_published_nothing_is_accepted(
        self, call: Caller, published: Published, client: SnapshotClient, notes: Notes
    ) -> None:
        published.program(program_body("card", release_body(1)))
        client.poll()
        answer = call("POST", "/v1/privacy/accept", json={"program": "card", "version": 1}, authorization=AUTHORIZATION)
        assert (answer.json(), notes.appended) == ({"stored": False}, [])

    def test_only_a_registered_device_accepts(self, call: Caller) -> None:
        assert call("POST", "/v1/privacy/accept", json={"program": "card", "version": 1}).status_code == 401

    @pytest.mark.parametrize(
        "body", [{}, {"program": "card"}, {"program": "", "version": 1}, {"program": "c", "version": 0}, []]
    )
    def test_what_is_no_acceptance_is_refused(self, call: Caller, body: object) -> None:
        assert call("POST", "/v1/privacy/accept", json=body, authorization=AUTHORIZATION).status_code == 400


class TestShelves:
    """The categories of the directory."""

    def test_programs_come_shelf_by_shelf_and_the_rest_last(
        self, call: Caller, published: Published, client: SnapshotClient
    ) -> None:
        items = [
            {"id": "travel", "names": {"en": "Travel", "zh-Hans": "出行"}},
            {"id": "food", "names": {"en": "Food"}},
        ]
        published.others["categories:"] = {"items": items}
        for name, category, order in (("noodles", "food", 0), ("ferry", "travel", 9), ("bus", "travel", 3)):
            published.program(program_body(name, release_body(1), category=category, order=order))
        client.poll()
        said = call("GET", "/v1/miniapps?platform=android&host_version=6.3.0").json()
        assert [each["id"] for each in said["miniapps"]] == ["bus", "ferry", "noodles", "card"]
        assert said["categories"] == [
            {"id": "travel", "name": {"en": "Travel", "zh-Hans": "出行"}},
            {"id": "food", "name": {"en": "Food"}},
        ]
        published.others["categories:"] = {"items": items[::-1]}
        again(published, client)
        said = call("GET", "/v1/miniapps?platform=android&host_version=6.3.0").json()
        assert [each["id"] for each in said["miniapps"]] == ["noodles", "bus", "ferry", "card"]
