"""kill -9 of shipper and loader, with an S3 between them: nothing acknowledged lost, nothing doubled."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal.killing import run
from tests.journal.shipped import at
from tests.kernel.storage.s3_server import s3

SHIP_POINTS = ("found", "uploaded", "verified", "removed", "let go")
LOAD_POINTS = ("read", "prepared", "renamed", "in transaction", "committed", "cleaned up")


class TestKilled:
    """kill -9 on both sides of the storage, each step; an S3 lies between them."""

    pytestmark = pytest.mark.processes

    @pytest.fixture
    def env(self, prepared: dict[str, str], tmp_path: Path) -> Iterator[dict[str, str]]:
        with s3() as server:
            env = {**prepared, "FERRY_TEST_FOLDERS": str(tmp_path), "FERRY_TEST_STORAGE": at(server.server_port)}
            yield env

    def do(self, env: dict[str, str], *arguments: str) -> None:
        done = run("loading.py", *arguments, env=env)
        assert done.returncode == (-signal.SIGKILL if "KILL" in arguments else 0), done.stderr

    def everything_once(self, env: dict[str, str], tmp_path: Path) -> None:
        done = run("loading.py", "finish", env=env)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert found["observed"] == [f"d{number}" for number in range(30)]
        assert found["devices"] == 30
        assert found["counts"] == {"checkin": [30, 30, 0, 0, 0], "device": [40, 30, 10, 0, 0]}
        assert found["on_disk"] == found["manifest"]
        assert [*tmp_path.joinpath("a").rglob("*.log"), *tmp_path.joinpath("b").rglob("*.log")] == []

    @pytest.mark.parametrize("point", SHIP_POINTS)
    def test_a_shipper(self, env: dict[str, str], tmp_path: Path, point: str):
        """The loader is through with what had arrived before the edge comes back."""
        self.do(env, "hosts", "KILL", point)
        self.do(env, "load")
        self.everything_once(env, tmp_path)

    @pytest.mark.parametrize("point", LOAD_POINTS)
    def test_a_loader(self, env: dict[str, str], tmp_path: Path, point: str):
        """The edge was killed too, and ships the same again after the loader's death."""
        self.do(env, "hosts", "KILL", "verified")
        self.do(env, "load", "KILL", point)
        self.everything_once(env, tmp_path)
