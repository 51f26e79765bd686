"""Every page opens for whoever may open it, for nobody else, and in a bounded number of queries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse

from analytics.segments import services as segments
from ferry.kernel.identity import selectors as people
from ferry.kernel.identity import services as identity
from ferry.kernel.identity.actors import system
from ferry.kernel.identity.rights import ROLE_RIGHTS, Right, Role
from miniapps import selectors, services
from miniapps.carrying.presets import Place
from tests.console.desk import Desk

BUDGET = json.loads((Path(__file__).parent / "query_counts.json").read_text())


@pytest.fixture
def pages(busy: Desk, transactional_db: None) -> dict[str, tuple[str, Right]]:
    """Every page that GET opens, with the right that it takes."""
    world = busy.world
    busy.checked_in()
    version = selectors.versions(busy.workspace, world.program).first()
    approved = world.version("2.0.0")
    gray = selectors.releases(busy.workspace, program=world.program).filter(kind="gray").get()
    device = next(iter(world.devices))
    busy.registered()
    campaign, words = busy.campaign(sent=True), busy.message_template()
    identity.update_host_app(actor=system(busy.workspace), host_app=world.host_app, link_base="harbour://open")
    link = services.create_link(actor=world.operator, host_app=world.host_app, program=world.program)
    services.publish_agreement(actor=world.operator, program=world.program, text={"en": "Hello."}, url={})
    preview = services.create_preview(actor=world.developer, version=version)
    bundle = services.make_now(
        services.ask_for_preset(actor=world.operator, host_app=world.host_app, wishes=(), place=Place())
    )
    services.request_permissions(
        actor=world.developer, program=world.program, host_app=world.host_app, capabilities=["camera", "scan"]
    )
    services.rotate_app_secret(actor=world.developer, program=world.program)
    segment = segments.create_segment(actor=world.operator, name="Friends", members=["ann", "ben"])
    seen = int(gray.changed_at.timestamp())
    at, app = busy.program_url, world.host_app.pk
    return {
        "overview": (busy.url("overview"), Right.VIEW),
        "activity": (busy.url("activity"), Right.VIEW_ANALYTICS),
        "programs": (busy.url("programs"), Right.VIEW),
        "categories": (busy.url("categories"), Right.VIEW),
        "size-budgets": (busy.url("size-budgets"), Right.VIEW),
        "reviews": (busy.url("reviews"), Right.VIEW),
        "links": (busy.url("links"), Right.VIEW),
        "link": (busy.url("link", link.pk), Right.VIEW),
        "privacy": (at("privacy"), Right.VIEW),
        "permissions": (busy.url("permissions"), Right.VIEW),
        "access": (at("access"), Right.VIEW),
        "preview-show": (at("preview-show", version.pk, preview.pk), Right.VIEW),
        "program-new": (busy.url("program-new"), Right.UPLOAD),
        "program": (at("program"), Right.VIEW),
        "program-edit": (at("program-edit"), Right.RELEASE),
        "upload": (at("upload"), Right.UPLOAD),
        "version": (at("version", version.pk), Right.VIEW),
        "release-new": (at("release-new", approved.pk, app), Right.RELEASE),
        "release": (at("release", gray.pk), Right.VIEW),
        "release-live": (at("release-live", gray.pk) + f"?seen={seen}", Right.VIEW),
        "trial-devices": (at("trial-devices", gray.pk), Right.VIEW_DEVICES),
        "explain": (at("explain", app) + f"?device={device}", Right.VIEW_DEVICES),
        "some-devices": (at("some-devices", app), Right.VIEW_DEVICES),
        "devices": (busy.url("devices"), Right.VIEW_DEVICES),
        "device": (busy.url("device", app, device), Right.VIEW_DEVICES),
        "release-health": (at("release-health", gray.pk), Right.VIEW_ANALYTICS),
        "analytics-trend": (busy.url("analytics-trend"), Right.VIEW_ANALYTICS),
        "analytics-users": (busy.url("analytics-users"), Right.VIEW_ANALYTICS),
        "analytics-funnel": (busy.url("analytics-funnel") + "?steps=Opened%0APaid", Right.VIEW_ANALYTICS),
        "analytics-retention": (busy.url("analytics-retention"), Right.VIEW_ANALYTICS),
        "analytics-live": (busy.url("analytics-live"), Right.VIEW_ANALYTICS),
        "analytics-arrivals": (busy.url("analytics-arrivals"), Right.VIEW_ANALYTICS),
        "analytics-timeline": (busy.url("analytics-timeline") + "?user=ann", Right.VIEW_DEVICES),
        "analytics-records": (busy.url("analytics-records"), Right.VIEW_ANALYTICS),
        "analytics-refused": (busy.url("analytics-refused"), Right.VIEW_DEVICES),
        "prediction": (busy.url("prediction"), Right.VIEW_ANALYTICS),
        "prediction-scores": (busy.url("prediction-scores", app), Right.VIEW_DEVICES),
        "campaigns": (busy.url("campaigns"), Right.PUSH_VIEW),
        "campaign-new": (busy.url("campaign-new") + "?band=high", Right.PUSH_WRITE),
        "campaign": (busy.url("campaign", campaign.pk), Right.PUSH_VIEW),
        "campaign-edit": (busy.url("campaign-edit", campaign.pk), Right.PUSH_WRITE),
        "campaign-preview": (busy.url("campaign-preview", campaign.pk), Right.PUSH_VIEW),
        "campaign-live": (busy.url("campaign-live", campaign.pk) + f"?seen={campaign.state}-1", Right.PUSH_VIEW),
        "segments": (busy.url("segments"), Right.VIEW),
        "segment-new": (busy.url("segment-new"), Right.MANAGE_SEGMENTS),
        "segment": (busy.url("segment", segment.pk), Right.VIEW),
        "segment-reach": (busy.url("segment-reach", segment.pk) + f"?host_app={app}", Right.VIEW_DEVICES),
        "templates": (busy.url("templates"), Right.PUSH_VIEW),
        "template-new": (busy.url("template-new"), Right.PUSH_WRITE),
        "template": (busy.url("template", words.pk), Right.PUSH_WRITE),
        "apps": (busy.url("apps"), Right.VIEW),
        "app-new": (busy.url("app-new"), Right.MANAGE_APPS),
        "app": (busy.url("app", app), Right.VIEW),
        "channels": (busy.url("channels", app), Right.PUSH_VIEW),
        "preset-bundles": (busy.url("preset-bundles", app), Right.VIEW),
        "imports": (busy.url("imports"), Right.VIEW),
        "archive-file": (busy.url("archive-file", bundle.pk), Right.RELEASE),
        "members": (busy.url("members"), Right.MANAGE_MEMBERS),
        "member-new": (busy.url("member-new"), Right.MANAGE_MEMBERS),
        "tokens": (busy.url("tokens"), Right.MANAGE_TOKENS),
        "token-new": (busy.url("token-new"), Right.MANAGE_TOKENS),
        "signing": (busy.url("signing"), Right.VIEW),
        "audit": (busy.url("audit"), Right.READ_AUDIT),
        "audit-chain": (busy.url("audit-chain"), Right.READ_AUDIT),
    }


# Pages that stand outside a workspace, answer POST alone, redirect, or serve a picture; tested where they belong.
ELSEWHERE = {
    "home", "sign-in", "sign-out", "language", "account", "enter", "icon", "preview", "app-settings", "key-server",
    "key-user", "key-revoke", "member-roles", "member-off", "member-on", "member-password", "token-revoke",
    "program-withdraw", "program-restore", "submit", "promote", "approve", "reject", "submission-withdraw", "dry-run",
    "roll-back-to", "release-dry-run", "release-act", "marketing", "push-settings", "template-delete", "campaign-test",
    "campaign-act", "prediction-setting", "prediction-train", "deliver", "invite", "invitation-revoke", "link-end",
    "archive-delete", "preview-end", "version-export", "trust", "exporter-revoke",
    "permission-act", "capability-add", "capability-remove", "access-ask", "secret-rotate",
    "secret-freeze",
    "signing-rotate", "signing-revoke",
    "uploads", "upload-piece", "segment-change", "segment-delete",
    "size-budgets-set", "apns-set", "apns-try", "apns-remove",
}  # fmt: skip


def test_no_page_is_forgotten(pages):
    """A page that is added has to say here which right it takes."""
    console = next(part for part in get_resolver().url_patterns if getattr(part, "app_name", "") == "console")
    assert {pattern.name for pattern in _patterns(console)} == {*pages, *ELSEWHERE}


def test_each_role_opens_its_pages_and_no_other(busy: Desk, pages):
    for role in Role:
        client = busy.as_(role)
        for name, (address, right) in pages.items():
            expected = 200 if right in ROLE_RIGHTS[role] else 403
            assert (role, name, client.get(address).status_code) == (role, name, expected)


def test_a_stranger_sees_no_workspace(busy: Desk, pages):
    elsewhere = Desk.make("Elsewhere")
    stranger, visitor = elsewhere.admin, Client()
    for name, (address, _right) in pages.items():
        assert (name, stranger.get(address).status_code) == (name, 404)
        assert visitor.get(address).status_code == 302
        # The rows of one workspace are not there under the address of another.
        there = address.replace(f"/w/{busy.workspace.slug}/", f"/w/{elsewhere.workspace.slug}/", 1)
        if _names_a_row(busy, there):
            assert (name, stranger.get(there).status_code) == (name, 404)


def _names_a_row(busy: Desk, address: str) -> bool:
    """Whether the address names a row; both worlds have a program of the same id, so that alone does not count."""
    parts = address.split("?")[0].split("/")
    return any(len(part) == 26 for part in parts)


def test_pages_stay_within_their_query_budget(busy: Desk, pages):
    admin = busy.admin
    admin.get(busy.url("overview"))
    spent = {}
    for name, (address, _right) in pages.items():
        with CaptureQueriesContext(connection) as queries:
            assert admin.get(address).status_code == 200
        spent[name] = len(queries)
    assert {name: count for name, count in spent.items() if count > BUDGET.get(name, 0)} == {}
    assert spent.keys() == BUDGET.keys()


def test_a_long_list_costs_no_more_queries(busy: Desk):
    admin, address = busy.admin, busy.url("programs")
    admin.get(address)
    with CaptureQueriesContext(connection) as few:
        admin.get(address)
    for number in range(30):
        services.create_program(actor=busy.world.developer, name=f"Program {number}")
    with CaptureQueriesContext(connection) as many:
        admin.get(address)
    assert len(many) == len(few)


def test_a_member_who_left_sees_nothing_any_more(busy: Desk):
    reviewer = busy.as_(Role.REVIEWER)
    assert reviewer.get(busy.url("overview")).status_code == 200
    member = people.members(busy.workspace).get(account=busy.account(Role.REVIEWER))
    identity.deactivate_member(actor=system(busy.workspace), member=member)
    assert reviewer.get(busy.url("overview")).status_code == 404


def test_an_empty_workspace_says_what_to_do_first(db: None, folders: Path):
    workspace = identity.create_workspace(name="Quiet")
    made = identity.create_member(actor=system(workspace), email="a@quiet.example", name="A", roles=["admin"])
    made.member.account.must_change_password = False
    made.member.account.save()
    client = Client()
    client.force_login(made.member.account, backend="ferry.kernel.identity.backends.LocalAccountBackend")
    for name, invitation in (("overview", "Add host app"), ("programs", "New mini-program"), ("apps", "Add host app")):
        page = client.get(reverse(f"console:{name}", args=[workspace.slug]))
        assert invitation in page.content.decode()


def _patterns(part) -> Iterator:
    for child in part.url_patterns:
        if hasattr(child, "url_patterns"):
            yield from _patterns(child)
        else:
            yield child
