"""Permissions: what a version asks for, who decides, and what devices are told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ferry.kernel.audit import selectors as audit
from ferry.kernel.errors import NotFound
from ferry.kernel.identity.actors import system
from ferry.kernel.identity.rights import Role
from miniapps import selectors, services
from miniapps.errors import OwnWork, ReasonMissing
from miniapps.models import Grant, GrantState, Version
from miniapps.permissions.errors import (
    CapabilityExists,
    CapabilityInUse,
    CapabilityUnknown,
    DomainRefused,
    PermissionClosed,
    PermissionExists,
    TooManyDomains,
)
from miniapps.selectors import permissions
from tests.world import PAGE, World


def asking(world: World, name: str, capabilities: tuple[str, ...] = (), **domains: list[str]) -> Version:
    """A version whose manifest asks for these."""
    manifest = {"version": name, "capabilities": list(capabilities), "domains": domains}
    return world.upload(name, {"index.html": PAGE, "ferry.json": json.dumps(manifest).encode()})


def terms(world: World, version: Version) -> dict[str, Any]:
    found = permissions.terms(version, world.host_app)
    return found.numbered if found else {}


def grant_of(world: World, value: str, state: str = "") -> Grant:
    return permissions.grants(world.workspace, program=world.program, state=state).filter(value=value)[0]


def test_an_approval_grants_what_the_version_asks_for_except_what_is_sensitive(world):
    version = asking(
        world, "1.0.0", ("scan", "camera"), request=["https://API.Example.com/"], webview=["*.example.org"]
    )
    world.approve(version)
    assert terms(world, version) == {
        "serial": 1,
        "capabilities": ["scan"],
        "domains": {"request": ["api.example.com"], "webview": ["*.example.org"], "upload": [], "download": []},
    }
    camera = grant_of(world, "camera")
    assert camera.state == GrantState.REQUESTED
    services.grant_permission(actor=world.operator, grant=camera, reason="It scans tickets.")
    assert terms(world, version)["capabilities"] == ["camera", "scan"]
    assert terms(world, version)["serial"] == 2


def test_what_is_taken_back_reaches_devices_as_newer_terms(world):
    version = asking(world, "1.0.0", ("scan",))
    world.approve(version)
    world.release("1.0.0")
    assert world.part()["releases"][0]["terms"]["capabilities"] == ["scan"]
    services.revoke_permission(actor=world.operator, grant=grant_of(world, "scan"), reason="It was abused.")
    (entry,) = world.part()["releases"]
    assert entry["terms"]["capabilities"] == []
    assert entry["terms"]["serial"] == 2


def test_a_version_that_asks_for_the_same_inherits_and_one_that_asks_for_more_does_not(world):
    first = asking(world, "1.0.0", ("location",))
    world.approve(first)
    services.grant_permission(actor=world.reviewer, grant=grant_of(world, "location"))
    same = asking(world, "1.1.0", ("location",))
    world.approve(same)
    assert terms(world, same)["capabilities"] == ["location"]
    more = asking(world, "1.2.0", ("location", "camera"))
    world.approve(more)
    assert terms(world, more)["capabilities"] == ["location"]
    assert grant_of(world, "camera").state == GrantState.REQUESTED
    less = asking(world, "1.3.0", ("scan",))
    world.approve(less)
    assert terms(world, less)["capabilities"] == ["scan"]  # what others were granted is not for it
    assert terms(world, first)["capabilities"] == ["location"]


def test_what_is_asked_for_by_hand_counts_for_every_version(world):
    version = world.version("1.0.0")
    assert terms(world, version) == {}
    made = services.request_permissions(
        actor=world.developer,
        program=world.program,
        host_app=world.host_app,
        capabilities=["scan"],
        reach={"request": ["api.example.com"]},
        purpose="Tickets have codes.",
    )
    assert [grant.state for grant in made] == ["requested", "requested"]
    for grant in made:
        services.grant_permission(actor=world.reviewer, grant=grant)
    assert terms(world, version)["capabilities"] == ["scan"]
    later = world.version("2.0.0")
    assert terms(world, later)["domains"]["request"] == ["api.example.com"]
    with pytest.raises(PermissionExists):
        services.request_permissions(
            actor=world.developer, program=world.program, host_app=world.host_app, capabilities=["scan"]
        )


def test_each_host_app_decides_for_itself(world):
    test_app = world.host("Harbour app", environment="test")
    version = asking(world, "1.0.0", ("scan", "camera"))
    world.approve(version, test_app)
    world.approve(version)
    at_test, here = sorted(
        permissions.grants(world.workspace, program=world.program).filter(value="camera"),
        key=lambda grant: grant.host_app == world.host_app,
    )
    services.grant_permission(actor=world.reviewer, grant=at_test)
    assert terms(world, version)["capabilities"] == ["scan"]
    services.reject_permission(actor=world.reviewer, grant=here, reason="Not in production.")
    with pytest.raises(PermissionClosed):
        services.grant_permission(actor=world.reviewer, grant=here)


def test_nobody_decides_about_what_he_asked_for_or_uploaded(world):
    both = world.person(Role.DEVELOPER, Role.REVIEWER)
    (grant,) = services.request_permissions(
        actor=both, program=world.program, host_app=world.host_app, capabilities=["camera"]
    )
    with pytest.raises(OwnWork):
        services.grant_permission(actor=both, grant=grant)
    with pytest.raises(OwnWork):
        services.reject_permission(actor=both, grant=grant, reason="x")
    services.grant_permission(actor=world.reviewer, grant=grant)
    services.revoke_permission(actor=both, grant=grant, reason="Not needed any more.")  # taking away may be alone


def test_a_refusal_and_a_revocation_need_a_reason(world):
    world.approve(asking(world, "1.0.0", ("camera", "scan")))
    with pytest.raises(ReasonMissing):
        services.reject_permission(actor=world.reviewer, grant=grant_of(world, "camera"), reason=" ")
    with pytest.raises(ReasonMissing):
        services.revoke_permission(actor=world.reviewer, grant=grant_of(world, "scan"), reason="")


def test_a_rejected_version_takes_its_requests_along_and_may_ask_again(world):
    version = asking(world, "1.0.0", ("camera",))
    services.submit_version(actor=world.developer, version=version, host_app=world.host_app)
    services.reject_version(actor=world.reviewer, version=version, host_app=world.host_app, reason="Why a camera?")
    assert grant_of(world, "camera").state == GrantState.REJECTED
    services.submit_version(actor=world.developer, version=version, host_app=world.host_app)
    assert grant_of(world, "camera").state == GrantState.REQUESTED
    services.withdraw_submission(actor=world.developer, version=version, host_app=world.host_app)
    assert grant_of(world, "camera").state == GrantState.WITHDRAWN


def test_a_request_stays_while_another_version_asks_for_the_same(world):
    first, second = asking(world, "1.0.0", ("camera",)), asking(world, "1.1.0", ("camera",))
    for version in (first, second):
        services.submit_version(actor=world.developer, version=version, host_app=world.host_app)
    services.reject_version(actor=world.reviewer, version=first, host_app=world.host_app, reason="It crashes.")
    assert grant_of(world, "camera").state == GrantState.REQUESTED


def test_a_capability_that_the_catalogue_does_not_know_waits_until_it_does(world):
    version = asking(world, "1.0.0", ("harbour.ticket",))
    world.approve(version)
    grant = grant_of(world, "harbour.ticket")
    assert grant.state == GrantState.REQUESTED
    with pytest.raises(CapabilityUnknown):
        services.grant_permission(actor=world.reviewer, grant=grant)
    admin = system(world.workspace)
    own = services.add_capability(actor=admin, name="harbour.ticket", title="Tickets", sensitive=False)
    services.grant_permission(actor=world.reviewer, grant=grant)
    assert terms(world, version)["capabilities"] == ["harbour.ticket"]
    with pytest.raises(CapabilityInUse):
        services.remove_capability(actor=admin, capability=own)
    with pytest.raises(CapabilityExists):
        services.add_capability(actor=admin, name="harbour.ticket", title="Again")


def test_a_workspace_may_find_a_built_in_capability_sensitive(world):
    admin = system(world.workspace)
    own = services.add_capability(actor=admin, name="scan", title="Scan", sensitive=True)
    version = asking(world, "1.0.0", ("scan",))
    world.approve(version)
    assert terms(world, version) == {}
    services.remove_capability(actor=admin, capability=own)  # built in again, so what is open stays
    assert [each.built_in for each in permissions.catalogue(world.workspace) if each.name == "scan"] == [True]
    with pytest.raises(NotFound):
        services.remove_capability(actor=admin, capability=own)
    told = [entry.action for entry in audit.entries(world.workspace)]
    assert told.count("capability.removed") == 1


def test_thirty_domains_of_a_kind_are_the_most(world):
    thirty = [f"d{number}.example.com" for number in range(30)]
    version = asking(world, "1.0.0", request=thirty, upload=thirty)
    world.approve(version)
    with pytest.raises(TooManyDomains):
        services.request_permissions(
            actor=world.developer,
            program=world.program,
            host_app=world.host_app,
            reach={"request": ["one-more.example.com"]},
        )
    with pytest.raises(DomainRefused):
        services.request_permissions(
            actor=world.developer, program=world.program, host_app=world.host_app, reach={"download": ["10.0.0.1"]}
        )


def test_the_review_page_sees_where_each_request_stands(world):
    version = asking(world, "1.0.0", ("scan", "camera"))
    before = permissions.asked_by(version, world.host_app)
    assert [(item.value, grant) for item, grant in before] == [("camera", None), ("scan", None)]
    world.approve(version)
    states = {item.value: grant.state for item, grant in permissions.asked_by(version, world.host_app)}
    assert states == {"camera": "requested", "scan": "granted"}


def test_a_preview_reaches_what_the_version_wishes_and_no_more(world):
    version = asking(
        world, "1.0.0", request=["api.example.com"], upload=["files.example.com"], webview=["*.example.org"]
    )
    services.request_permissions(
        actor=world.developer, program=world.program, host_app=world.host_app, reach={"download": ["cdn.example.com"]}
    )
    preview = services.create_preview(actor=world.developer, version=version)
    found = selectors.preview(preview.label)
    assert found.connect == ("api.example.com", "cdn.example.com", "files.example.com")
    assert found.frames == ("*.example.org",)
