"""Two operators at once: a halted release never comes back, and one gray release is open however many start."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from ferry.kernel.audit import services as audit
from ferry.kernel.errors import FerryError
from miniapps import selectors, services
from miniapps.errors import MoveNotAllowed, VersionExists
from miniapps.models import Release, Version
from miniapps.packages.sizes import Budgets
from miniapps.releases import OPEN
from miniapps.selectors import permissions
from miniapps.services import reviews
from tests.together import together as at_once
from tests.world import PAGE, RANGE, World, make_zip

PATIENCE = 1.0  # seconds that one gives the other to reach what it should not reach yet

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def port(transactional_db: None) -> World:
    """A world whose rows are committed, so that other connections see them."""
    return World.make(devices=100)


def together(*acts: Callable[[], object]) -> list[FerryError]:
    """The refusals that the acts met when all began at one moment."""
    outcomes = [outcome for outcome in at_once(*acts) if isinstance(outcome, BaseException)]
    assert [outcome for outcome in outcomes if not isinstance(outcome, FerryError)] == []
    return outcomes


def seen_by_each(world: World, release: Release, operators: int) -> list[Release]:
    """The release as each operator's page shows it, loaded before anybody acts: all of them soon out of date."""
    return [selectors.release(world.workspace, release.pk) for _ in range(operators)]


@pytest.mark.parametrize("turn", range(5))
def test_a_halted_release_never_comes_back(port, turn):
    port.release("1.0.0")
    release = port.release("2.0.0", share=20)
    pages = seen_by_each(port, release, 4)
    refused = together(
        lambda: port.raise_to(pages[0], 90),
        lambda: port.roll_back(pages[1]),
        lambda: port.raise_to(pages[2], 80),
        lambda: port.pause(pages[3]),
    )
    assert all(isinstance(error, MoveNotAllowed) for error in refused)
    release.refresh_from_db()
    assert release.state == "rolled_back"
    assert port.devices_on("2.0.0") == set()
    assert port.devices_on("1.0.0") == set(port.devices)


def test_of_many_grays_that_start_at_once_one_is_open(port):
    port.release("1.0.0")
    for name in ("2.0.0", "3.0.0", "4.0.0"):
        port.version(name)
    together(*(lambda name=name: port.release(name, share=20) for name in ("2.0.0", "3.0.0", "4.0.0")))
    grays = Release.objects.of(port.workspace).filter(kind="gray").order_by("serial")
    assert [release.state for release in grays] == ["superseded", "superseded", "running"]
    assert len({release.cohort for release in grays}) == 1
    assert len([entry for entry in port.part()["releases"] if entry["kind"] == "gray"]) == 1


def test_completing_and_rolling_back_at_once_ends_in_one_of_the_two(port):
    port.release("1.0.0")
    gray = port.release("2.0.0", share=20)
    pages = seen_by_each(port, gray, 2)
    together(lambda: port.complete(pages[0]), lambda: port.roll_back(pages[1]))
    gray.refresh_from_db()
    assert gray.state in ("completed", "rolled_back")
    served = {entry["version"]["name"] for entry in port.part()["releases"]}
    assert ("2.0.0" in served) == (gray.state == "completed")


def test_uploads_at_once_get_codes_of_their_own(port):
    def upload(name: str, code: int | None = None) -> None:
        services.upload_version(
            actor=port.developer,
            program=port.program,
            archive=make_zip({"index.html": name.encode()}),
            name=name,
            code=code,
            host_range=RANGE,
        )

    assert together(*(lambda n=n: upload(f"1.0.{n}") for n in range(4))) == []
    codes = Version.objects.of(port.workspace).values_list("code", flat=True)
    assert sorted(codes) == [1, 2, 3, 4]
    refused = together(*(lambda: upload("2.0.0", 7) for _ in range(3)))
    assert [type(error) for error in refused] == [VersionExists] * 2


def test_two_reviewers_decide_once(port):
    version = port.upload("1.0.0")
    services.submit_version(actor=port.developer, version=version, host_app=port.host_app)
    where = {"actor": port.reviewer, "version": version, "host_app": port.host_app}
    refused = together(
        lambda: services.approve_version(**where), lambda: services.reject_version(**where, reason="No.")
    )
    assert [error.code for error in refused] == ["not_submitted"]


ASKS = {"index.html": PAGE, "ferry.json": b'{"capabilities": ["scan"]}'}


def test_submitting_and_changing_the_secret_wait_for_each_other_in_one_order(port, monkeypatch):
    """Whoever has written to the audit log locks nothing more: on PostgreSQL the two would stop each other."""
    version = port.upload("1.0.0", ASKS)
    told, held = threading.Event(), threading.Event()

    def record(**said: Any) -> object:
        entry = audit.record(**said)
        told.set()
        held.wait(PATIENCE)
        return entry

    monkeypatch.setattr("miniapps.services.reviews.record", record)

    def rotate() -> None:
        told.wait(PATIENCE)
        services.rotate_app_secret(actor=port.developer, program=port.program)
        held.set()

    submit = {"actor": port.developer, "version": version, "host_app": port.host_app}
    assert together(lambda: services.submit_version(**submit), rotate) == []


def test_what_another_version_asks_for_at_that_moment_is_not_dropped(port, monkeypatch):
    first, second = port.upload("1.0.0", ASKS), port.upload("1.0.1", ASKS)
    services.submit_version(actor=port.developer, version=first, host_app=port.host_app)
    asked, dropped = threading.Event(), threading.Event()
    ask = reviews.ask_with_version

    def slow(**said: Any) -> object:
        made = ask(**said)
        asked.set()
        dropped.wait(PATIENCE)
        return made

    monkeypatch.setattr(reviews, "ask_with_version", slow)

    def withdraw() -> None:
        asked.wait(PATIENCE)
        services.withdraw_submission(actor=port.developer, version=first, host_app=port.host_app)
        dropped.set()

    submit = {"actor": port.developer, "version": second, "host_app": port.host_app}
    assert together(lambda: services.submit_version(**submit), withdraw) == []
    (grant,) = permissions.grants(port.workspace, state="requested")
    assert grant.value == "scan"


def test_two_administrators_set_the_first_budgets(port):
    admin = port.person("admin")
    sizes = (Budgets(total=50_000_000), Budgets(total=60_000_000))
    assert together(*(lambda size=size: services.set_size_budgets(actor=admin, budgets=size) for size in sizes)) == []
    assert selectors.size_budgets(port.workspace) in sizes


def test_a_release_and_its_withdrawal_at_once_leave_it_withdrawn(port):
    port.release("1.0.0")
    port.version("2.0.0")
    together(lambda: port.release("2.0.0", share=50), port.withdraw)
    assert port.part()["withdrawn"] is not None
    assert Release.objects.of(port.workspace).filter(state__in=OPEN).count() == 2
