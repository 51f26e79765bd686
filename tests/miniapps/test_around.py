"""What surrounds a mini-program: categories, the privacy agreement, short links."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferry.kernel import clock
from ferry.kernel.audit import selectors as audit
from ferry.kernel.errors import Invalid, NotAllowed, NotFound
from ferry.kernel.identity import services as identity
from ferry.kernel.identity.actors import system
from ferry.kernel.publishing import selectors as published
from ferry.kernel.publishing.verification import verify_snapshots
from ferry.kernel.signing.ecdsa import verify
from ferry.kernel.signing.selectors import public_keys
from miniapps import selectors, services, shortcodes
from miniapps.deeplinks import deep_link, page_problem
from miniapps.errors import (
    AgreementInvalid,
    CategoryInUse,
    CategoryInvalid,
    CategoryUnknown,
    LinkBaseMissing,
    LinkInvalid,
    TooManyLinks,
)
from miniapps.services import links
from miniapps.services.categories import Shelf
from miniapps.terms import terms_statement
from tests.world import World

TRAVEL = Shelf("travel", {"en": "Travel", "zh-Hans": "出行"})
FOOD = Shelf("food", {"en": "Food"})


@pytest.fixture
def port(world: World) -> World:
    """Everybody has 1.0.0, and the app takes links."""
    identity.update_host_app(actor=system(world.workspace), host_app=world.host_app, link_base="harbour://open")
    world.release("1.0.0")
    return world


def parts(world: World, kind: str) -> dict[str, dict]:
    """The published parts of a kind, by key."""
    _, manifest, _ = published.manifest(world.host_app.pk)
    named = {name.partition(":")[2]: entry["sha"] for name, entry in manifest.items() if name.startswith(f"{kind}:")}
    return {key: json.loads(published.parts([sha])[sha]) for key, sha in named.items()}


class TestCategories:
    def test_the_list_is_published_in_its_order(self, port):
        services.set_categories(actor=port.operator, shelves=[TRAVEL, FOOD])
        assert parts(port, "categories") == {
            "": {"items": [{"id": "travel", "names": TRAVEL.names}, {"id": "food", "names": FOOD.names}]}
        }
        services.set_categories(actor=port.operator, shelves=[FOOD, TRAVEL])
        assert [item["id"] for item in parts(port, "categories")[""]["items"]] == ["food", "travel"]
        assert verify_snapshots() == []
        services.set_categories(actor=port.operator, shelves=[])
        assert parts(port, "categories") == {}
        assert [entry.action for entry in audit.entries(port.workspace)].count("categories.set") == 3

    def test_where_there_is_a_list_programs_name_what_is_on_it(self, port):
        services.update_program(actor=port.operator, program=port.program, category="anything")
        services.update_program(actor=port.operator, program=port.program, category="")
        services.set_categories(actor=port.operator, shelves=[TRAVEL])
        for act in (
            lambda: services.update_program(actor=port.operator, program=port.program, category="food"),
            lambda: services.create_program(actor=port.developer, name="Lunch", category="food"),
            lambda: services.arrange_program(
                actor=port.operator, program=port.program, host_app=port.host_app, order=None, category="food"
            ),
        ):
            with pytest.raises(CategoryUnknown):
                act()
        services.update_program(actor=port.operator, program=port.program, category="travel")
        with pytest.raises(CategoryInUse):
            services.set_categories(actor=port.operator, shelves=[FOOD])
        services.update_program(actor=port.operator, program=port.program, category="")
        services.set_categories(actor=port.operator, shelves=[FOOD])

    @pytest.mark.parametrize(
        "shelves",
        [
            [TRAVEL, TRAVEL],
            [Shelf("", {"en": "x"})],
            [Shelf("x\n", {"en": "x"})],
            [Shelf("x", {})],
            [Shelf("x", {"fr": "x"})],
            [Shelf("x", {"en": " "})],
            [Shelf("x", {"en": "x" * 65})],
            [Shelf(str(number), {"en": "x"}) for number in range(101)],
        ],
    )
    def test_what_is_no_list_is_refused(self, port, shelves):
        with pytest.raises(CategoryInvalid):
            services.set_categories(actor=port.operator, shelves=shelves)
        assert not selectors.categories(port.workspace).exists()

    def test_only_who_releases_arranges_the_directory(self, port):
        with pytest.raises(NotAllowed):
            services.set_categories(actor=port.developer, shelves=[TRAVEL])


class TestPrivacy:
    def publish(self, world, **given):
        values = {
            "text": {"en": "We keep your tickets."},
            "url": {"en": "https://harbour.example.com/privacy"},
            **given,
        }
        return services.publish_agreement(actor=world.operator, program=world.program, **values)

    def test_it_travels_with_the_signed_terms_and_a_change_counts_the_serial_on(self, port):
        self.publish(port)
        release = port.part()["releases"][0]
        assert release["terms"]["privacy"] == {
            "version": 1,
            "text": {"en": "We keep your tickets."},
            "url": {"en": "https://harbour.example.com/privacy"},
        }
        signed = release["terms_signature"]
        pem = public_keys(port.workspace).get(kid=signed["kid"]).public_pem
        said = terms_statement(port.host_app.app_key, port.program.program_id, 1, release["terms"])
        assert verify(pem, said, signed["value"])
        first = release["terms"]["serial"]
        self.publish(port, text={"zh-Hans": "我们保存您的车票。"}, url={})
        release = port.part()["releases"][0]
        assert release["terms"]["privacy"] == {"version": 2, "text": {"zh-Hans": "我们保存您的车票。"}}
        assert release["terms"]["serial"] == first + 1
        assert verify_snapshots() == []

    def test_what_is_in_force_already_is_no_change_and_nobody_is_asked_again(self, port):
        first = self.publish(port)
        terms = port.part()["releases"][0]["terms"]
        again = self.publish(port, text={"en": " We keep your tickets.\r\n"})
        assert (again.pk, port.part()["releases"][0]["terms"]) == (first.pk, terms)
        assert self.publish(port, url={}).version == 2
        assert self.publish(port).version == 3  # what was in force once is a change again

    def test_a_version_that_is_approved_later_has_it_too(self, port):
        self.publish(port)
        port.release("2.0.0", share=10)
        assert [each["terms"]["privacy"]["version"] for each in port.part()["releases"]] == [1, 1]

    @pytest.mark.parametrize(
        "given",
        [
            {"text": {}, "url": {}},
            {"text": {"en": "  "}, "url": {}},
            {"text": {"fr": "Bonjour"}},
            {"text": {"en": "x" * 2001}},
            {"text": {"en": "a\0b"}},
            {"url": {"en": "http://harbour.example.com"}},
            {"url": {"en": "javascript:alert(1)"}},
            {"url": {"en": "https://user@harbour.example.com"}},
            {"url": {"en": 'https://harbour.example.com/"><script>alert(1)</script>'}},
            {"url": {"en": "https://harbour.example.com/'onclick="}},
            {"url": {"en": 'https://harbour.example.com"onclick=/'}},
            {"url": {"en": "https://harbour.example.com/\tprivacy"}},
            {"url": {"en": "https://harbour.example.com\\@elsewhere.example.com/"}},
            {"url": {"en": "https://harbour.example.com:8443/"}},
            {"url": {"en": "https://*.example.com/"}},
            {"url": {"en": "https://localhost/"}},
            {"url": {"en": "https://wiki.corp/privacy"}},
            {"url": {"en": "https://10.0.0.1/privacy"}},
            {"url": {"en": "https://2130706433/"}},
            {"url": {"en": "https://[::1]/"}},
            {"url": {"en": "https://"}},
            {"url": {"en": "https://[half"}},
            {"url": {"en": "https://harbour.example.com/a b"}},
            {"url": {"en": "https://harbour.example.com/" + "x" * 500}},
        ],
    )
    def test_what_is_no_agreement_is_refused(self, port, given):
        with pytest.raises(AgreementInvalid):
            self.publish(port, **given)
        assert not selectors.agreements(port.program).exists()

    @pytest.mark.parametrize(
        "address",
        ["https://harbour.example.com", "https://harbour.example.com?lang=en", "https://example.com/%E7%A7%81~(1)#a;b"],
    )
    def test_an_address_of_the_public_internet_is_taken(self, port, address):
        assert self.publish(port, url={"en": address}).url == {"en": address}

    def test_what_users_see_at_once_takes_the_right_to_release(self, port):
        with pytest.raises(NotAllowed):
            services.publish_agreement(actor=port.developer, program=port.program, text={"en": "Hello."}, url={})
        draft = services.create_program(actor=port.developer, name="Draft")
        services.publish_agreement(actor=port.developer, program=draft, text={"en": "Hello."}, url={})

    def test_another_workspace_finds_nothing(self, port):
        with pytest.raises(NotFound):
            services.publish_agreement(
                actor=World.make("Elsewhere").operator, program=port.program, text={"en": "Hello."}, url={}
            )


class TestLinks:
    def make(self, world, **given):
        return services.create_link(actor=world.operator, host_app=world.host_app, program=world.program, **given)

    def test_a_link_is_published_on_its_shelf_and_leads_into_the_app(self, port):
        link = self.make(port, path="pages/order.html", query="id=7&from=poster", lifetime=timedelta(days=1))
        shelf = parts(port, "links")
        assert shelf == {
            link.code[-1]: {
                "links": {
                    link.code: {
                        "program": port.program.program_id,
                        "path": "pages/order.html",
                        "query": "id=7&from=poster",
                        "expires_at": link.expires_at.timestamp(),
                    }
                }
            }
        }
        assert re.fullmatch(r"http://[^/]+/l/[0-9a-z]{9,}", selectors.link_url(link))
        assert selectors.link_target(link) == (
            f"harbour://open?program={port.program.program_id}&path=pages%2Forder.html"
            f"&query=id%3D7%26from%3Dposter&link={link.code}"
        )
        assert verify_snapshots() == []

    def test_an_ended_link_leaves_the_snapshot(self, port):
        link = self.make(port)
        services.end_link(actor=port.operator, link=link)
        services.end_link(actor=port.operator, link=link)
        assert parts(port, "links") == {}
        assert selectors.link_state(selectors.link(port.workspace, link.pk)) == "ended"
        assert [entry.action for entry in audit.entries(port.workspace)].count("link.ended") == 1

    def test_what_expired_long_ago_is_swept(self, port, monkeypatch):
        link, lasting = self.make(port, lifetime=timedelta(hours=1)), self.make(port)
        later = clock.now() + timedelta(hours=2)
        monkeypatch.setattr(clock, "now", lambda: later)
        assert selectors.link_state(link) == "expired"
        assert services.sweep_links() == 0, "for a week its page says that it is over"
        much_later = later + links.KEPT
        monkeypatch.setattr(clock, "now", lambda: much_later)
        assert services.sweep_links() == 1
        assert services.sweep_links() == 0
        assert [code for part in parts(port, "links").values() for code in part["links"]] == [lasting.code]

    @pytest.mark.parametrize(
        "path", ["/a", "../a", "a/../b", "a//b", "https://evil.example", "a?b", "a\\b", "a\nb", "x" * 513]
    )
    def test_a_path_stays_inside_the_package(self, port, path):
        with pytest.raises(LinkInvalid):
            self.make(port, path=path)

    def test_the_rest_is_bounded_too(self, port, monkeypatch):
        with pytest.raises(LinkInvalid):
            self.make(port, query="x" * 1025)
        for wrong in ({"name": "x" * 121}, {"lifetime": timedelta(0)}, {"lifetime": timedelta(days=3651)}):
            with pytest.raises(Invalid):
                self.make(port, **wrong)
        monkeypatch.setattr(links, "MOST", 1)
        self.make(port)
        with pytest.raises(TooManyLinks):
            self.make(port)

    def test_an_app_without_a_link_base_has_none(self, port):
        identity.update_host_app(actor=system(port.workspace), host_app=port.host_app, link_base="")
        with pytest.raises(LinkBaseMissing):
            self.make(port)

    def test_developers_make_none_and_another_workspace_finds_none(self, port):
        link = self.make(port)
        with pytest.raises(NotAllowed):
            services.create_link(actor=port.developer, host_app=port.host_app, program=port.program)
        other = World.make("Elsewhere")
        with pytest.raises(NotFound):
            services.end_link(actor=other.operator, link=link)
        with pytest.raises(NotFound):
            services.create_link(actor=other.operator, host_app=other.host_app, program=port.program)


class TestAddresses:
    @given(number=st.integers(1, 2**31 - 1), random=st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=8, max_size=8))
    def test_a_code_names_its_host_app(self, number, random):
        code = shortcodes.make(number, random)
        assert shortcodes.number_of(code) == number
        assert len(code) <= 14

    @pytest.mark.parametrize("text", ["", "x", "0aaaaaaaa", "1aaaaaaai", "1AAAAAAAA", "1aaaa/aaa", "1" + "a" * 40])
    def test_what_is_no_code_names_none(self, text):
        assert shortcodes.number_of(text) is None

    @given(path=st.text(max_size=60), query=st.text(max_size=60))
    def test_whatever_stands_in_it_a_deep_link_leads_into_the_app_and_comes_out_whole(self, path, query):
        from urllib.parse import parse_qs, urlsplit

        if page_problem(path, query):
            return
        link = deep_link("harbour://open", program="card", path=path, query=query)
        assert re.fullmatch(r"harbour://open\?[A-Za-z0-9%=&._~+-]+", link)
        assert parse_qs(urlsplit(link).query) == {
            name: [value] for name, value in (("program", "card"), ("path", path), ("query", query)) if value
        }

    @pytest.mark.parametrize("text", ["\ud800", "a\u202eb", "a\x00", "a\u2028b"])
    def test_what_has_no_place_in_an_address_is_refused(self, text):
        assert page_problem(text, "") == "path"
        assert page_problem("", text) == "query"

    @pytest.mark.parametrize(
        "base",
        [
            "harbour://open",
            "com.harbour.app://",
            "https://go.harbour.example/app",
            "http://harbour.localhost:8003/",
            "",
        ],
    )
    def test_a_link_base_is_a_scheme_or_an_address_of_the_app(self, base, world):
        app = identity.update_host_app(actor=system(world.workspace), host_app=world.host_app, link_base=base)
        assert app.link_base == base

    @pytest.mark.parametrize(
        "base",
        [
            "javascript://x",
            "data://x",
            "file://x",
            "intent://x",
            "http://harbour.example/",
            "https://",
            "https://user@harbour.example",
            "https://harbour.example.com/?to=",
            "https://harbour.example.com/#x",
            "HARBOUR://open",
            "harbour:open",
            "harbour://ö",
            "harbour://a b",
            "x://" + "a" * 200,
        ],
    )
    def test_what_would_lead_elsewhere_is_none(self, base, world):
        with pytest.raises(Invalid):
            identity.update_host_app(actor=system(world.workspace), host_app=world.host_app, link_base=base)
