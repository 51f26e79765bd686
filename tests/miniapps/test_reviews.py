"""Submit, approve, reject, promote: nobody decides about his own work, and what is approved is what is signed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferry.kernel.errors import Invalid, NotAllowed, NotFound
from ferry.kernel.identity import services as identity
from ferry.kernel.identity.actors import system
from ferry.kernel.identity.rights import Role
from ferry.kernel.identity.selectors import find_token
from ferry.kernel.signing import services as signing
from ferry.kernel.signing.canonical import canonical_json
from ferry.kernel.signing.selectors import public_keys
from miniapps import selectors, services
from miniapps.errors import (
    AlreadySubmitted,
    HostAppInactive,
    HostRangeMisses,
    NotApproved,
    NotApprovedInTest,
    NotProduction,
    NotSubmitted,
    OwnWork,
    ReasonMissing,
)
from miniapps.releases import Kind, ReleasePlan
from tests.world import World, make_zip

FULL = ReleasePlan(kind=Kind.FULL)


def submit(world, version, actor=None):
    return services.submit_version(actor=actor or world.developer, version=version, host_app=world.host_app)


def approve(world, version, actor=None):
    return services.approve_version(actor=actor or world.reviewer, version=version, host_app=world.host_app)


def test_what_nobody_approved_is_not_released(world):
    version = world.upload("1.0.0")
    for _ in range(2):
        with pytest.raises(NotApproved):
            services.start_release(actor=world.operator, version=version, host_app=world.host_app, plan=FULL)
        if not selectors.reviews(world.workspace, version=version).exists():
            submit(world, version)


def test_the_uploader_cannot_approve_even_with_every_role(world):
    everything = world.person(*Role, who=world.developer.person_id)
    version = world.upload("1.0.0")
    submit(world, version, world.person(Role.DEVELOPER, who="somebody else"))
    with pytest.raises(OwnWork):
        approve(world, version, everything)
    with pytest.raises(OwnWork):
        services.reject_version(actor=everything, version=version, host_app=world.host_app, reason="Mine.")


def test_the_submitter_cannot_approve_either(world):
    version = world.upload("1.0.0")
    both = world.person(Role.DEVELOPER, Role.REVIEWER, who="both")
    submit(world, version, both)
    with pytest.raises(OwnWork):
        approve(world, version, both)
    approve(world, version)


def test_a_token_of_ones_own_does_not_help(world):
    """The administrator makes himself a reviewer's token: it is still him."""
    member = identity.create_member(
        actor=system(world.workspace), email="ada@example.com", name="Ada", roles=[Role.ADMIN]
    ).member
    ada = replace(world.person(Role.ADMIN), id=member.id, person_id=member.account_id)
    token = identity.create_token(actor=ada, name="mine", roles=[Role.REVIEWER], days=1)
    version = services.upload_version(
        actor=ada,
        program=world.program,
        archive=make_zip({"index.html": b"x"}),
        host_range={"web": {"min": "1.0"}},
    )
    submit(world, version)
    with pytest.raises(OwnWork):
        approve(world, version, find_token(token.plain))


def test_only_reviewers_decide(world):
    version = world.upload("1.0.0")
    submit(world, version)
    for role in (Role.DEVELOPER, Role.OPERATOR, Role.ANALYST, Role.AUDITOR):
        with pytest.raises(NotAllowed):
            approve(world, version, world.person(role, who=f"another {role}"))


def test_a_rejection_needs_a_reason_and_lets_the_developer_try_again(world):
    version = world.upload("1.0.0")
    submit(world, version)
    with pytest.raises(ReasonMissing):
        services.reject_version(actor=world.reviewer, version=version, host_app=world.host_app, reason="  ")
    services.reject_version(actor=world.reviewer, version=version, host_app=world.host_app, reason="No privacy text.")
    with pytest.raises(NotSubmitted):
        approve(world, version)
    submit(world, version)
    approve(world, version)
    states = [review.state for review in selectors.reviews(world.workspace, version=version)]
    assert states == ["approved", "rejected"]


def test_one_submission_is_open_at_a_time(world):
    version = world.upload("1.0.0")
    submit(world, version)
    with pytest.raises(AlreadySubmitted):
        submit(world, version)
    services.withdraw_submission(actor=world.developer, version=version, host_app=world.host_app)
    with pytest.raises(NotSubmitted):
        services.withdraw_submission(actor=world.developer, version=version, host_app=world.host_app)
    submit(world, version)
    approve(world, version)
    with pytest.raises(AlreadySubmitted):
        submit(world, version)


def test_the_approval_signs_the_package_for_this_host_app(world):
    version = world.version("1.0.0")
    world.release("1.0.0")
    entry = world.part()["releases"][0]
    statement = {
        "host_app": world.host_app.app_key,
        "program": world.program.program_id,
        "version_code": entry["version"]["code"],
        "sha256": entry["version"]["sha256"],
        "size": entry["version"]["size"],
        "files_root": entry["version"]["files_root"],
    }
    pem = public_keys(world.workspace).get(kid=entry["signature"]["kid"]).public_pem
    value = entry["signature"]["value"]
    assert signing.verify(pem, canonical_json(statement), value)
    assert not signing.verify(pem, canonical_json({**statement, "host_app": "fa_other"}), value)
    assert not signing.verify(pem, canonical_json({**statement, "version_code": version.code + 1}), value)


def test_an_approval_survives_the_key_that_signed_it(world):
    """A key that may have leaked is revoked: phones no longer trust it, so the part carries a new signature."""
    world.version("1.0.0")
    world.release("1.0.0")
    old = world.part()["releases"][0]["signature"]["kid"]
    signing.revoke_key(actor=system(world.workspace), kid=old)
    world.release("2.0.0", share=10)  # the next change of the part; a tick does it without one
    kids = {entry["signature"]["kid"] for entry in world.part()["releases"]}
    assert old not in kids
    assert kids <= set(public_keys(world.workspace).values_list("kid", flat=True))


def test_production_gets_what_test_approved_byte_for_byte_with_an_approval_of_its_own(world):
    trial = world.host("Harbour app", environment="test")
    version = world.upload("1.0.0")
    with pytest.raises(NotApprovedInTest):
        services.promote_version(actor=world.developer, version=version, host_app=world.host_app)
    world.approve(version, trial)
    with pytest.raises(NotApproved):
        services.start_release(actor=world.operator, version=version, host_app=world.host_app, plan=FULL)
    review = services.promote_version(actor=world.developer, version=version, host_app=world.host_app)
    assert review.promoted_from is not None
    assert review.promoted_from.host_app == trial
    approve(world, version)
    services.start_release(actor=world.operator, version=version, host_app=world.host_app, plan=FULL)
    assert world.part()["releases"][0]["version"]["sha256"] == version.sha256
    with pytest.raises(NotProduction):
        services.promote_version(actor=world.developer, version=version, host_app=trial)


def test_a_version_that_nobody_could_open_is_not_even_submitted(world):
    phones = world.host("Phones", platforms=["ios"])
    version = world.upload("1.0.0", host_range={"android": {"min": "6.0.0", "max": None}})
    with pytest.raises(HostRangeMisses):
        services.submit_version(actor=world.developer, version=version, host_app=phones)


def test_nothing_goes_to_a_host_app_that_is_switched_off(world):
    version = world.version("1.0.0")
    app = identity.update_host_app(actor=system(world.workspace), host_app=world.host_app, active=False)
    with pytest.raises(HostAppInactive):
        services.start_release(actor=world.operator, version=version, host_app=app, plan=FULL)


@pytest.mark.parametrize("act", ["submit", "approve", "reject", "withdraw", "promote", "release", "preview", "program"])
def test_rows_of_another_workspace_do_not_exist(world, act):
    """Whatever a door hands to a service: the service looks at the workspace itself."""
    other = World.make("Other")
    version = other.version("1.0.0")
    actor = replace(world.person(*Role), person_id="intruder")
    where = {"actor": actor, "version": version, "host_app": other.host_app}
    acts = {
        "submit": lambda: services.submit_version(**where),
        "approve": lambda: services.approve_version(**where),
        "reject": lambda: services.reject_version(**where, reason="x"),
        "withdraw": lambda: services.withdraw_submission(**where),
        "promote": lambda: services.promote_version(**where),
        "release": lambda: services.start_release(**where, plan=FULL),
        "preview": lambda: services.create_preview(actor=actor, version=version),
        "program": lambda: services.update_program(actor=actor, program=other.program, name="Taken"),
    }
    before = other.fingerprint()
    with pytest.raises(NotFound):
        acts[act]()
    assert other.fingerprint() == before


def test_one_call_submits_to_many_host_apps_and_each_decides_for_itself(world):
    version = world.upload("1.0.0")
    apps = [world.host_app, world.host("Bank"), world.host("Bus", platforms=["ios"])]
    services.deliver_version(actor=world.developer, version=version, host_apps=[*apps, world.host_app], note="All.")
    assert [selectors.reviews(world.workspace, version=version, host_app=app).get().state for app in apps] == [
        "submitted"
    ] * 3, "named twice is submitted once"
    services.approve_version(actor=world.reviewer, version=version, host_app=apps[0])
    services.reject_version(
        actor=world.reviewer, version=version, host_app=apps[1], codes=["privacy", "broken"], reason="No policy."
    )
    services.withdraw_submission(actor=world.developer, version=version, host_app=apps[2])
    found = {one.host_app.name: one for one in selectors.deliveries(world.workspace, version)}
    assert {name: one.review.state for name, one in found.items()} == {
        "Harbour app": "approved",
        "Bank": "rejected",
        "Bus": "withdrawn",
    }
    assert found["Bank"].review.reason_codes == ["broken", "privacy"], "in the order of the list, each once"
    release = world.release("1.0.0")
    found = {one.host_app.name: one for one in selectors.deliveries(world.workspace, version)}
    assert [one.pk for one in found["Harbour app"].releases] == [release.pk]
    assert found["Bank"].releases == ()


def test_what_one_host_app_refuses_leaves_no_submission_to_another(world):
    version = world.upload("1.0.0", host_range={"android": {"min": "6.0.0", "max": None}})
    fits, other = world.host("Bank"), world.host("Bus", platforms=["ios"])
    with pytest.raises(HostRangeMisses):
        services.deliver_version(actor=world.developer, version=version, host_apps=[fits, other])
    assert not selectors.reviews(world.workspace, version=version).exists()
    with pytest.raises(Invalid):
        services.deliver_version(actor=world.developer, version=version, host_apps=[])


def test_a_delivery_to_production_names_the_approval_in_test(world):
    test = world.host("Harbour app", environment="test")
    version = world.upload("1.0.0")
    world.approve(version, test)
    [review] = services.deliver_version(actor=world.developer, version=version, host_apps=[world.host_app])
    assert review.promoted_from.host_app == test


def test_a_rejection_says_why_in_words_or_codes(world):
    version = world.upload("1.0.0")
    services.submit_version(actor=world.developer, version=version, host_app=world.host_app)
    given = {"actor": world.reviewer, "version": version, "host_app": world.host_app}
    with pytest.raises(ReasonMissing):
        services.reject_version(**given, reason=" ")
    with pytest.raises(Invalid):
        services.reject_version(**given, codes=["ugly"])
    assert services.reject_version(**given, codes=["content"]).reason_codes == ["content"]


@pytest.mark.parametrize("act", [services.approve_version, services.reject_version])
def test_who_submitted_to_many_decides_about_none(world, act):
    both = world.person("developer", "reviewer", who="eve")
    version = world.upload("1.0.0")
    apps = [world.host_app, world.host("Bank")]
    services.deliver_version(actor=both, version=version, host_apps=apps)
    for app in apps:
        with pytest.raises(OwnWork):
            act(actor=both, version=version, host_app=app, reason="No.")
