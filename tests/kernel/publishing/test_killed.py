"""kill -9 of a publisher at any moment: its change is there whole or not at all, and nobody waits for the dead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ferry.kernel.publishing import selectors, services, verification
from ferry.kernel.publishing.services import publishing
from tests.doomed import doomed, said
from tests.kernel.publishing.harbour import make_host_app, make_workspace, part_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


PUBLISHER = Path(__file__).with_name("publisher.py")


@pytest.mark.parametrize("stage", ["inside", "stored", "written"])
def test_before_the_commit_nothing_of_it_is_there(stage):
    host_app = make_host_app(make_workspace())
    before = selectors.manifest(host_app.pk)
    with doomed(PUBLISHER, host_app.pk, stage) as process:
        assert said(process) == "here"
        process.kill()
        process.wait()
        with publishing(host_app) as publication:  # the lock died with its holder
            publication.host_app.name = "Renamed"
            assert publication.host_app.check_interval_s == 1800
        assert selectors.manifest(host_app.pk) == before
        assert json.loads(part_of(host_app, "app:"))["check_interval_s"] == 1800
        assert verification.verify_snapshots() == []


def test_killed_while_it_publishes_without_pause():
    host_app = make_host_app(make_workspace())
    for _ in range(3):
        with doomed(PUBLISHER, host_app.pk, "loop") as process:
            versions = [int(said(process)) for _ in range(20)]
            process.kill()
            rest, _ = process.communicate()
            versions += [int(line) for line in rest.split("\n")[:-1]]
        version, _, _ = selectors.manifest(host_app.pk)
        assert version >= versions[-1]  # what was told is there
        interval = services.read_host_app(host_app.pk).check_interval_s
        assert json.loads(part_of(host_app, "app:"))["check_interval_s"] == interval  # row and snapshot are one
        assert verification.verify_snapshots() == []
