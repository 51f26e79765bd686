"""What people do at the console around a mini-program: deliver to many, invite, preview, link, shelve, ask."""

from __future__ import annotations

import re

import pytest

from ferry.kernel.identity import services as identity
from ferry.kernel.identity.actors import system
from ferry.kernel.identity.rights import Role
from miniapps import selectors, services
from miniapps.qr import qr_svg
from tests.console.desk import Desk


@pytest.fixture
def port(desk: Desk) -> Desk:
    """The host app takes links, and 1.0.0 is for everybody."""
    world = desk.world
    identity.update_host_app(actor=system(desk.workspace), host_app=world.host_app, link_base="harbour://open")
    world.release("1.0.0")
    return desk


def text(answer) -> str:
    return answer.content.decode()


def test_a_version_is_submitted_to_several_apps_and_rejected_with_codes(port):
    world = port.world
    bank, bus = world.host("Bank"), world.host("Bus", environment="test")
    version = world.upload("2.0.0")
    developer, reviewer = port.as_(Role.DEVELOPER), port.as_(Role.REVIEWER)
    page = developer.get(port.program_url("version", version.pk))
    assert "Submit to several" in text(page)
    answer = developer.post(
        port.program_url("deliver", version.pk), {"apps": [bank.pk, bus.pk], "note": "Please."}, follow=True
    )
    assert "2.0.0 waits for review on 2 host apps." in text(answer)
    inbox = text(reviewer.get(port.url("reviews")))
    assert inbox.count("Decide</a>") == 2
    assert "Please." in inbox
    assert "yours" in text(developer.get(port.url("reviews")))
    assert "Decide</a>" not in text(developer.get(port.url("reviews")))
    reviewer.post(port.program_url("reject", version.pk, bank.pk), {"codes": ["privacy", "broken"]})
    review = selectors.reviews(port.workspace, version=version, host_app=bank).get()
    assert (review.state, review.reason_codes) == ("rejected", ["broken", "privacy"])
    decided = text(reviewer.get(port.url("reviews") + "?state=rejected"))
    assert "Privacy" in decided
    assert "Broken" in decided
    refused = reviewer.post(port.program_url("reject", version.pk, bus.pk), {"reason": ""}, follow=True)
    assert "Say why" in text(refused)


def test_an_operator_invites_to_a_trial_shows_the_qr_and_takes_it_back(port):
    operator = port.as_(Role.OPERATOR)
    world = port.world
    version = world.version("2.0.0")
    form = {"kind": "trial", "invited": "on", "apply": "next_open", "network": "any", "stickiness": "deviceId"}
    operator.post(port.program_url("release-new", version.pk, world.host_app.pk), form)
    trial = selectors.releases(port.workspace, program=world.program).get(kind="trial")
    operator.post(port.program_url("invite", trial.pk), {"name": "Support team", "hours": "24"})
    [invitation] = selectors.invitations(trial)
    address = selectors.invitation_url(invitation)
    page = text(operator.get(port.program_url("release", trial.pk)))
    assert qr_svg(address) in page
    assert "Support team" in page
    for role in (Role.DEVELOPER, Role.REVIEWER, Role.ANALYST):
        seen = text(port.as_(role).get(port.program_url("release", trial.pk)))
        assert "trial=" not in seen, "the token is for those who may release"
    operator.post(port.program_url("invitation-revoke", trial.pk, invitation.pk))
    assert qr_svg(address) not in text(operator.get(port.program_url("release", trial.pk)))
    assert port.as_(Role.DEVELOPER).post(port.program_url("invite", trial.pk), {"hours": "24"}).status_code == 403


def test_a_preview_has_a_frame_a_qr_screens_and_an_end(port):
    developer = port.as_(Role.DEVELOPER)
    version = port.world.version("1.0.0")
    shown = developer.post(port.program_url("preview", version.pk), {"hours": "72"}, follow=True)
    preview = selectors.previews(version).get()
    address = selectors.preview_url(preview)
    page = text(shown)
    [frame] = re.findall(r"<iframe[^>]*>", page)
    assert f'src="{address}"' in frame
    assert 'sandbox="allow-scripts allow-same-origin allow-forms allow-modals"' in frame
    assert qr_svg(address) in page
    assert "This address is of this machine alone." in page
    assert 'class="phone tablet"' in text(developer.get(shown.redirect_chain[-1][0] + "?screen=tablet"))
    assert 'class="phone usual"' in text(developer.get(shown.redirect_chain[-1][0] + "?screen=%22x"))
    developer.post(port.program_url("preview-end", version.pk, preview.pk))
    assert selectors.preview(preview.label) is None
    assert "<iframe" not in text(developer.get(port.program_url("preview-show", version.pk, preview.pk)))
    other = port.world.upload("2.0.0")
    assert developer.get(port.program_url("preview-show", other.pk, preview.pk)).status_code == 404


def test_a_link_is_made_shown_and_ended(port):
    operator = port.as_(Role.OPERATOR)
    form = {
        "host_app": port.world.host_app.pk,
        "program": port.world.program.program_id,
        "name": "Poster",
        "days": "30",
    }
    shown = operator.post(port.url("links"), {**form, "path": "index.html", "query": "from=poster"}, follow=True)
    link = selectors.links(port.workspace).get()
    assert qr_svg(selectors.link_url(link)) in text(shown)
    assert "harbour://open?program=" in text(shown)
    assert "Poster" in text(operator.get(port.url("links")))
    wrong = operator.post(port.url("links"), {**form, "path": "../x"})
    assert (wrong.status_code, "lies inside the package" in text(wrong)) == (400, True)
    operator.post(port.url("link-end", link.pk))
    assert selectors.link_state(selectors.link(port.workspace, link.pk)) == "ended"
    assert "New link" not in text(port.as_(Role.DEVELOPER).get(port.url("links")))


def test_the_shelves_are_edited_as_lines(port):
    operator = port.as_(Role.OPERATOR)
    operator.post(port.url("categories"), {"lines": "travel | Travel | 出行\nfood | Food\nbare"})
    assert [(row.key, row.names) for row in selectors.categories(port.workspace)] == [
        ("travel", {"en": "Travel", "zh-Hans": "出行"}),
        ("food", {"en": "Food"}),
        ("bare", {"en": "bare"}),
    ]
    assert "travel | Travel | 出行\nfood | Food\nbare | bare" in text(operator.get(port.url("categories")))
    services.update_program(actor=port.world.operator, program=port.world.program, category="food")
    refused = operator.post(port.url("categories"), {"lines": "travel | Travel"})
    assert (refused.status_code, "is in the category" in text(refused)) == (400, True)
    assert "<textarea" not in text(port.as_(Role.DEVELOPER).get(port.url("categories")))


def test_an_agreement_is_published_and_its_acceptances_are_counted(port):
    operator = port.as_(Role.OPERATOR)
    operator.post(
        port.program_url("privacy"), {"text_en": "We keep <tickets>.", "url_zh": "https://harbour.example.com/zh"}
    )
    [agreement] = selectors.agreements(port.world.program)
    assert (agreement.text, agreement.url) == (
        {"en": "We keep <tickets>."},
        {"zh-Hans": "https://harbour.example.com/zh"},
    )
    page = text(operator.get(port.program_url("privacy")))
    assert "We keep &lt;tickets&gt;." in page
    wrong = operator.post(port.program_url("privacy"), {"url_en": "http://harbour.example"})
    assert (wrong.status_code, "begins with https://" in text(wrong)) == (400, True)
    assert port.as_(Role.DEVELOPER).post(port.program_url("privacy"), {"text_en": "Mine."}).status_code in {400, 403}
    assert selectors.agreements(port.world.program).count() == 1
