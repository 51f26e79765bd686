"""The acts around a mini-program that publishing_worker.py is killed in: each stops after its audit entry."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from miniapps import selectors, services
from miniapps.services import categories, invitations, links, privacy, reviews
from tests.world import World


def act(world: World, stage: str, stop_here: Callable[[], None]) -> bool:
    """Carry the stage's act out and stop inside it; False when the stage is none of these."""
    owner, at, run = _ACTS.get(stage, (None, 0, None))
    if owner is None or run is None:
        return False
    real, calls = owner.record, itertools.count(1)

    def stopping(**values: Any) -> None:
        real(**values)
        if next(calls) == at:
            stop_here()

    run_now = run(world)  # what comes before is not the act
    owner.record = stopping
    run_now()
    return True


def _deliver(world: World) -> Callable[[], Any]:
    version, apps = world.upload("2.0.0"), [world.host("Bank"), world.host("Bus")]
    return lambda: services.deliver_version(actor=world.developer, version=version, host_apps=apps)


def _invite(world: World) -> Callable[[], Any]:
    rows = selectors.releases(world.workspace, host_app=world.host_app).filter(kind="trial")
    trial = rows.get()
    return lambda: services.invite(actor=world.operator, release=trial, lifetime=timedelta(days=1))


def _link(world: World) -> Callable[[], Any]:
    return lambda: services.create_link(actor=world.operator, host_app=world.host_app, program=world.program)


def _agree(world: World) -> Callable[[], Any]:
    text = {"en": "Hello."}
    return lambda: services.publish_agreement(actor=world.operator, program=world.program, text=text, url={})


def _shelve(world: World) -> Callable[[], Any]:
    shelves = [categories.Shelf("travel", {"en": "Travel"})]
    return lambda: services.set_categories(actor=world.operator, shelves=shelves)


_ACTS: dict[str, tuple[Any, int, Callable[[World], Callable[[], Any]]]] = {
    "second submission recorded": (reviews, 2, _deliver),
    "invitation recorded": (invitations, 1, _invite),
    "link recorded": (links, 1, _link),
    "agreement recorded": (privacy, 1, _agree),
    "categories recorded": (categories, 1, _shelve),
}
