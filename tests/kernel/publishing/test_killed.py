"""kill -9 of a publisher at any moment: its change is there whole or not at all, and nobody waits for the dead."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection

from ferry.kernel.publishing import selectors, services, verification
from ferry.kernel.publishing.services import publishing
from tests.kernel.publishing.harbour import make_host_app, make_workspace, part_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


@contextmanager
def publisher(host_app_id: str, stage: str) -> Iterator[subprocess.Popen[str]]:
    """The process, on this test's database."""
    settings = connection.settings_dict
    url = f"sqlite:///{settings['NAME']}"
    if connection.vendor == "postgresql":
        user = settings["USER"] + (f":{settings['PASSWORD']}" if settings["PASSWORD"] else "")
        url = f"postgres://{user}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("publisher.py")), host_app_id, stage],
        env={**os.environ, "DATABASE_URL": url, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    assert line, f"the publisher ended with {process.wait()}"
    return line


@pytest.mark.parametrize("stage", ["inside", "stored", "written"])
def test_before_the_commit_nothing_of_it_is_there(stage):
    host_app = make_host_app(make_workspace())
    before = selectors.manifest(host_app.pk)
    with publisher(host_app.pk, stage) as process:
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
        with publisher(host_app.pk, "loop") as process:
            versions = [int(said(process)) for _ in range(20)]
            process.kill()
            rest, _ = process.communicate()
            versions += [int(line) for line in rest.split("\n")[:-1]]
        version, _, _ = selectors.manifest(host_app.pk)
        assert version >= versions[-1]  # what was told is there
        interval = services.read_host_app(host_app.pk).check_interval_s
        assert json.loads(part_of(host_app, "app:"))["check_interval_s"] == interval  # row and snapshot are one
        assert verification.verify_snapshots() == []
