"""Two operators at once: a halted release never comes back, and one gray release is open however many start."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import close_old_connections, connection

from ferry.kernel.errors import FerryError
from miniapps import selectors, services
from miniapps.errors import MoveNotAllowed, VersionExists
from miniapps.models import Release, Version
from miniapps.releases import OPEN
from tests.world import RANGE, World, make_zip

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def port(transactional_db: None) -> World:
    """A world whose rows are committed, so that other connections see them."""
    return World.make(devices=100)


def together(*acts: Callable[[], object]) -> list[FerryError]:
    """Run the acts in threads of their own, started at one moment; the refusals that they met."""
    barrier, refused, broken = threading.Barrier(len(acts)), [], []

    def run(act: Callable[[], object]) -> None:
        try:
            barrier.wait(20)
            act()
        except FerryError as error:
            refused.append(error)
        except BaseException as error:
            broken.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    close_old_connections()
    assert not broken, broken
    return refused


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


def test_a_release_and_its_withdrawal_at_once_leave_it_withdrawn(port):
    port.release("1.0.0")
    port.version("2.0.0")
    together(lambda: port.release("2.0.0", share=50), port.withdraw)
    assert port.part()["withdrawn"] is not None
    assert Release.objects.of(port.workspace).filter(state__in=OPEN).count() == 2
