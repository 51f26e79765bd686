"""Hosts that were written elsewhere, and ours in Java, against a real edge."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.hosts.java_phone import SOURCE, Phone
from tests.hosts.liar import Liar, lying
from tests.hosts.live import LiveEdge, running
from tests.world import World


@pytest.fixture
def world(transactional_db: None, tmp_path: Path, settings: Settings) -> World:
    """Committed for real: an edge reads by connections of its own."""
    settings.FERRY_BLOB_DIR = tmp_path / "blobs"
    return World.make()


@pytest.fixture
def edge(world: World, tmp_path: Path) -> Iterator[LiveEdge]:
    with running(tmp_path / "edge", tmp_path / "blobs") as live:
        yield live


@pytest.fixture(scope="session")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The host, compiled as Java 11 with every warning an error."""
    if shutil.which("javac") is None or shutil.which("java") is None:
        pytest.skip("Java is not installed")
    folder = tmp_path_factory.mktemp("java")
    options = ["--release", "11", "-Xlint:all,-serial,-options", "-Werror", "-d", str(folder)]
    done = subprocess.run(["javac", *options, str(SOURCE)], capture_output=True, text=True)
    if "release version 11 not supported" in done.stderr:
        pytest.skip("this Java compiles no Java 11 any more")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def liar(edge: LiveEdge) -> Iterator[Liar]:
    with lying(edge.url) as proxy:
        yield proxy


@pytest.fixture
def phone(world: World, liar: Liar, classes: Path, tmp_path: Path) -> Phone:
    return Phone(classes, liar.url, world, tmp_path / "phone")
