"""People come, change their roles and leave; a workspace never loses its last administrator."""

from __future__ import annotations

import pytest

from ferry.kernel.errors import Invalid, NotAllowed, NotFound, Unauthenticated
from ferry.kernel.identity import selectors, services
from ferry.kernel.identity.errors import AccountElsewhere, AlreadyMember, LastAdmin, PasswordRefused
from ferry.kernel.identity.models import Account
from ferry.kernel.identity.rights import Right, Role
from tests.kernel.office import Office
from tests.together import together


def test_a_new_member_gets_a_password_once_and_rights_by_role(office):
    new = services.create_member(actor=office.platform, email="Ada@Harbour.example", name="Ada", roles=["reviewer"])
    account = Account.objects.get(pk=new.member.account_id)
    assert new.password is not None
    assert account.check_password(new.password)
    assert account.must_change_password
    assert account.subject == "ada@harbour.example"
    assert office.acting(new.member).rights == {Right.VIEW, Right.REVIEW, Right.GRANT}


def test_nobody_is_hired_twice_however_the_address_is_written(office):
    office.hire("ada@harbour.example", "admin")
    with pytest.raises(AlreadyMember):
        office.hire("ADA@harbour.example", "reviewer")


@pytest.mark.parametrize("roles", [[], ["captain"], ["admin", "captain"]])
def test_only_known_roles(office, roles):
    with pytest.raises(Invalid):
        services.create_member(actor=office.platform, email="a@b.example", name="A", roles=roles)


def test_an_account_of_another_workspace_is_not_taken_over(office):
    """Whoever made the account may know its password: only the server's own commands vouch for it here."""
    office.hire("ada@harbour.example", "admin")
    other = Office.make("Airport")
    admin = other.acting(other.hire("root@airport.example", "admin"))
    with pytest.raises(AccountElsewhere):
        services.create_member(actor=admin, email="ada@harbour.example", name="Ada", roles=["admin"])
    joined = services.create_member(actor=other.platform, email="ada@harbour.example", name="Ada", roles=["analyst"])
    assert joined.password is None
    with pytest.raises(AccountElsewhere):
        services.reset_password(actor=admin, member=joined.member)


def test_the_last_administrator_stays(office):
    ada, bob = office.hire("ada@h.example", "admin"), office.hire("bob@h.example", "developer")
    with pytest.raises(LastAdmin):
        services.set_roles(actor=office.platform, member=ada, roles=["developer"])
    with pytest.raises(LastAdmin):
        services.deactivate_member(actor=office.platform, member=ada)
    services.set_roles(actor=office.platform, member=bob, roles=["admin", "developer"])
    assert services.deactivate_member(actor=office.platform, member=ada).active is False
    with pytest.raises(LastAdmin):
        services.set_roles(actor=office.platform, member=bob, roles=["developer"])


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_dismiss_each_other_do_not_both_succeed():
    office = Office.make()
    ada, bob = office.hire("ada@h.example", "admin"), office.hire("bob@h.example", "admin")
    results = together(
        lambda: services.deactivate_member(actor=office.platform, member=ada),
        lambda: services.deactivate_member(actor=office.platform, member=bob),
    )
    assert sorted(isinstance(result, LastAdmin) for result in results) == [False, True], results
    assert sum(member.active for member in selectors.members(office.workspace)) == 1


def test_a_closed_membership_closes_its_pages_and_tokens(office):
    office.hire("ada@h.example", "admin")
    bob = office.hire("bob@h.example", "admin")
    token = services.create_token(actor=office.acting(bob), name="bob's", roles=["developer"])
    assert selectors.find_token(token.plain).person_id == bob.account_id
    services.deactivate_member(actor=office.platform, member=bob)
    with pytest.raises(NotFound):
        office.acting(bob)
    with pytest.raises(Unauthenticated):
        selectors.find_token(token.plain)
    services.reactivate_member(actor=office.platform, member=bob)
    assert selectors.find_token(token.plain).person_id == bob.account_id


def test_a_stranger_cannot_tell_a_workspace_from_none(office):
    stranger = Office.make("Airport").hire("root@airport.example", "admin")
    account = Account.objects.get(pk=stranger.account_id)
    for slug in (office.workspace.slug, "no-such-place", "\0", ""):
        with pytest.raises(NotFound) as refused:
            selectors.member_actor(account=account, slug=slug)
        assert refused.value.details == {"kind": "workspace"}


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_administrators_manage_people(office, role):
    ada = office.hire("ada@h.example", "admin")
    actor = office.acting(office.hire("bob@h.example", role))
    acts = [
        lambda: services.create_member(actor=actor, email="c@h.example", name="C", roles=["admin"]),
        lambda: services.set_roles(actor=actor, member=ada, roles=["auditor"]),
        lambda: services.deactivate_member(actor=actor, member=ada),
        lambda: services.reactivate_member(actor=actor, member=ada),
        lambda: services.reset_password(actor=actor, member=ada),
        lambda: services.create_token(actor=actor, name="mine", roles=["admin"]),
        lambda: services.create_host_app(actor=actor, name="mine"),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()


def test_a_person_changes_their_own_password(office):
    new = services.create_member(actor=office.platform, email="ada@h.example", name="Ada", roles=["admin"])
    account = Account.objects.get(pk=new.member.account_id)
    session = account.get_session_auth_hash()
    for current, wanted in [
        ("wrong", "correct horse battery"),
        (new.password, "short"),
        (new.password, "password1234"),
        (new.password, new.password),
        (new.password, "x" * 2000),
        (new.password, "with a \0 inside it"),
    ]:
        with pytest.raises(PasswordRefused):
            services.change_password(account=account, current=current, new=wanted)
    services.change_password(account=account, current=str(new.password), new="correct horse battery")
    account.refresh_from_db()
    assert account.check_password("correct horse battery")
    assert not account.must_change_password
    assert account.get_session_auth_hash() != session, "the other sessions of the account go on"


def test_a_forgotten_password_is_replaced(office):
    ada = office.hire("ada@h.example", "admin")
    password = services.reset_password(actor=office.platform, member=ada)
    account = Account.objects.get(pk=ada.account_id)
    assert account.check_password(password)
    assert account.must_change_password


def test_language(office):
    account = Account.objects.get(pk=office.hire("ada@h.example", "admin").account_id)
    services.set_language(account=account, language="zh-hans")
    assert Account.objects.get(pk=account.pk).language == "zh-hans"
    with pytest.raises(Invalid):
        services.set_language(account=account, language="tlh")
