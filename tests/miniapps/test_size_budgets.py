"""A workspace says what its mini-programs may weigh."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from ferry.kernel.errors import NotAllowed
from ferry.kernel.identity.rights import Role
from miniapps import selectors, services
from miniapps.errors import PackageRefused
from miniapps.packages.sizes import Budgets
from tests.world import PAGE, RANGE, World, make_zip

SMALL = {"total": 50_000, "main": 2_000, "subpackage": 50_000}


def upload(world, files):
    return services.upload_version(
        actor=world.developer, program=world.program, archive=make_zip(files), host_range=RANGE
    )


def test_budgets_hold_for_the_workspace_that_set_them(world):
    files = {"index.html": PAGE, "big.txt": bytes(range(256)) * 10}
    other = World.make("Yard", devices=0)
    client = Client()

    def send(method: str, role: str, body: bytes = b""):
        headers = {"Authorization": f"Bearer {world.token(role)}"}
        return client.generic(method, "/api/v1/size-budgets", body, content_type="application/json", headers=headers)

    assert send("GET", Role.DEVELOPER).json() == {"total": 128 << 20, "main": 64 << 20, "subpackage": 64 << 20}
    assert send("PUT", Role.DEVELOPER, json.dumps(SMALL).encode()).status_code == 403
    assert send("PUT", Role.ADMIN, json.dumps({**SMALL, "total": -1}).encode()).status_code == 400
    assert send("PUT", Role.ADMIN, json.dumps(SMALL).encode()).json() == SMALL
    assert selectors.size_budgets(world.workspace) == Budgets(**SMALL)
    with pytest.raises(PackageRefused) as refused:
        upload(world, files)
    (error,) = refused.value.details["report"]["errors"]
    assert (error["code"], error["values"]["name"]) == ("over_budget", "__APP__")
    checked = services.check_package(actor=world.developer, archive=make_zip(files))
    assert checked["accepted"] is False
    assert upload(other, files).code == 1
    with pytest.raises(NotAllowed):
        services.set_size_budgets(actor=world.developer, budgets=Budgets())
