"""Permissions and login at the console: asked for, decided, taken back; a secret shown once."""

from __future__ import annotations

from ferry.kernel.identity.rights import Role
from miniapps import services
from miniapps.selectors import permissions
from miniapps.selectors.login import live_secrets
from tests.console.desk import Desk


def asked(desk: Desk, *names: str) -> dict[str, str]:
    """A developer asks at the console; name → the id of the request."""
    world = desk.world
    answer = desk.as_(Role.DEVELOPER).post(
        desk.program_url("access-ask"),
        {"host_app": world.host_app.pk, "capabilities": names, "request": "api.example.com\n", "purpose": "Tickets."},
        follow=True,
    )
    assert answer.status_code == 200
    return {row.value: row.pk for row in permissions.grants(world.workspace, program=world.program)}


def test_what_a_developer_asks_for_is_granted_by_somebody_else(busy: Desk) -> None:
    ids = asked(busy, "camera")
    assert set(ids) == {"camera", "api.example.com"}
    page = busy.as_(Role.REVIEWER).get(busy.url("permissions")).content.decode()
    assert "Tickets." in page
    assert "Sensitive" in page
    act = busy.url("permission-act", ids["camera"], "grant")
    assert busy.as_(Role.DEVELOPER).post(act, follow=True).status_code == 200
    assert permissions.grant(busy.workspace, ids["camera"]).state == "requested"
    busy.as_(Role.REVIEWER).post(act, {"from": "program"}, follow=True)
    assert permissions.grant(busy.workspace, ids["camera"]).state == "granted"
    revoke = busy.url("permission-act", ids["camera"], "revoke")
    shown = busy.as_(Role.OPERATOR).post(revoke, {"reason": ""}, follow=True).content.decode()
    assert "Say why" in shown
    busy.as_(Role.OPERATOR).post(revoke, {"reason": "It was abused."}, follow=True)
    assert "It was abused." in busy.as_(Role.DEVELOPER).get(busy.program_url("access")).content.decode()


def test_a_domain_that_cannot_be_granted_comes_back_with_the_form(busy: Desk) -> None:
    answer = busy.as_(Role.DEVELOPER).post(
        busy.program_url("access-ask"), {"host_app": busy.world.host_app.pk, "request": "10.0.0.1"}
    )
    assert answer.status_code == 400
    assert "IP address" in answer.content.decode()


def test_the_catalogue_grows_and_shrinks(busy: Desk) -> None:
    form = {"name": "harbour.ticket", "title": "Tickets"}
    assert busy.as_(Role.DEVELOPER).post(busy.url("capability-add"), form).status_code == 403
    busy.admin.post(busy.url("capability-add"), form)
    own = next(each.row for each in permissions.catalogue(busy.workspace) if each.name == "harbour.ticket")
    assert own is not None
    assert own.sensitive is False
    assert busy.admin.post(busy.url("capability-add"), form).status_code == 400
    busy.admin.post(busy.url("capability-remove", own.pk))
    assert "harbour.ticket" not in permissions.names(busy.workspace)


def test_the_app_secret_is_shown_once_and_frozen(busy: Desk) -> None:
    developer, program = busy.as_(Role.DEVELOPER), busy.world.program
    made = developer.post(busy.program_url("secret-rotate"), {"overlap_hours": 0}).content.decode()
    prefix = live_secrets(program)[0].prefix
    assert f'value="{prefix}_' in made
    assert f"{prefix}_" not in developer.get(busy.program_url("access")).content.decode()
    developer.post(busy.program_url("secret-freeze", "freeze"))
    assert live_secrets(program)[0].frozen_at is not None
    assert "Unfreeze" in developer.get(busy.program_url("access")).content.decode()
    assert developer.post(busy.program_url("secret-rotate"), {"overlap_hours": 0}).status_code == 400
    developer.post(busy.program_url("secret-freeze", "unfreeze"))
    assert live_secrets(program)[0].frozen_at is None
    assert busy.as_(Role.REVIEWER).post(busy.program_url("secret-freeze", "freeze")).status_code == 403


def test_who_holds_nothing_sees_no_buttons(busy: Desk) -> None:
    services.rotate_app_secret(actor=busy.world.developer, program=busy.world.program)
    asked(busy, "camera")
    page = busy.as_(Role.ANALYST).get(busy.program_url("access")).content.decode()
    for button in ("Replace the secret", "Freeze", "Ask for permissions", "Take back"):
        assert button not in page
