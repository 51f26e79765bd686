"""The command as a pipeline runs it: a process of its own against a running platform."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import PROGRAM
from tests.ports import free_port
from tests.tree import ROOT, Tree, running

pytestmark = [pytest.mark.processes, pytest.mark.timeout(480)]  # two whole platforms are started
HOST = ("--host", "web=6.0.0")


@dataclass
class Shell:
    """A person's terminal: a home folder of its own, signed in as one role at a time."""

    tree: Tree
    made: dict[str, Any]
    home: Path

    def __call__(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("FERRY_", "XDG_"))}
        paths = os.pathsep.join((str(ROOT), str(ROOT / "platform")))
        return subprocess.run(
            [sys.executable, "-m", "ferry.cli.main", *arguments],
            env={**clean, "HOME": str(self.home), "PYTHONPATH": paths, "LANG": "C.UTF-8", **environ},
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def sign_in(self, role: str) -> None:
        key = self.home / "private.key"
        key.write_text(self.made["tokens"][role])
        done = self("login", "--site", self.tree.site, "--pkp", str(key))
        assert done.returncode == 0, done.stderr

    def json(self, *arguments: str) -> dict[str, Any]:
        """What a command that works prints."""
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture(scope="module")
def tree() -> Iterator[Tree]:
    with running() as started:
        yield started


@pytest.fixture
def shell(tree: Tree, tmp_path: Path) -> Shell:
    return Shell(tree, tree.bootstrap(), tmp_path)


def test_from_a_folder_to_phones_and_back(shell, build):
    shell.sign_in("developer")
    kept = shell.home / ".config" / "ferry" / "profile.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert shell("validate", str(build)).returncode == 0
    first = shell.json(
        "upload", "--pp", str(build), "--appid", PROGRAM, "--uv", "1.0.0", "--create", "Timetable", *HOST
    )
    seen = shell("preview", f"{PROGRAM}@1", "--qrcode-format", "terminal")
    assert seen.stdout.startswith("http")
    assert "▀" in seen.stdout
    assert shell("preview", f"{PROGRAM}@1", "-f", "image", "-q", "code.png").returncode == 0
    assert (shell.home / "code.png").read_bytes().startswith(b"\x89PNG")
    shell.json("submit", f"{PROGRAM}@latest", "--app", "1", "--desc", "Please look.")
    early = shell("release", f"{PROGRAM}@1", "--app", "1", "--json")
    assert early.returncode == 3, early.stderr  # a developer does not release
    shell.sign_in("operator")
    early = shell("release", f"{PROGRAM}@1", "--app", "1", "--json")
    assert (early.returncode, json.loads(early.stdout)["error"]["code"]) == (5, "version_not_approved")
    approve(shell, first["id"])
    released = shell.json("release", f"{PROGRAM}@1", "--app", "1", "--share", "50%")
    assert released["share"] == 5000
    told = shell("explain", "--app", "1", "--program", PROGRAM, "--platform", "web", "--host-version", "6.3.0")
    assert "gray release of 1.0.0" in told.stdout
    assert shell.json("rollback", released["id"], "--reason", "Wrong.")["state"] == "rolled_back"


def test_each_stage_has_its_exit_code(shell, build):
    assert shell("submit", f"{PROGRAM}@1", "--app", "1").returncode == 3  # nobody is signed in
    shell.sign_in("developer")
    assert shell("upload", "--pp", str(build)).returncode == 2
    (build / "index.html").unlink()
    assert shell("upload", "--pp", str(build), "--appid", PROGRAM).returncode == 1
    away = {"FERRY_TOKEN": "ft_x", "FERRY_SITE_URL": f"http://127.0.0.1:{free_port()}"}
    done = shell("submit", f"{PROGRAM}@1", "--app", "1", **away)
    assert (done.returncode, "does not answer" in done.stderr) == (4, True)


@pytest.fixture(scope="module")
def island() -> Iterator[Tree]:
    """A second installation: its own processes, database, keys and data folder."""
    with running() as started:
        yield started


def test_a_version_is_carried_to_an_installation_without_a_network_to_this_one(shell, island, build, tmp_path):
    shell.sign_in("developer")
    (build / "index.html").write_text("<!doctype html><h1>Carried</h1>")
    made = shell.json("upload", str(build), "--appid", "carried", "--create", "Carried", "--uv", "3.1.0", *HOST)
    shell.json("submit", "carried@1", "--app", "1")
    approve(shell, made["id"])
    shell.sign_in("operator")
    shell.json("export", "carried@1", "--out", "carried.zip")
    spoken = shell.json("export-key")["fingerprint"]

    (tmp_path / "there").mkdir()
    there = Shell(island, island.bootstrap("Island", "Island Go"), tmp_path / "there")
    file = str(tmp_path / "carried.zip")
    there.sign_in("admin")
    early = there("import", file, "--json")
    assert (early.returncode, json.loads(early.stdout)["error"]["code"]) == (5, "exporter_not_trusted")
    seen = there.json("import", file, "--inspect")
    assert (seen["fingerprint"], seen["trusted"]) == (spoken, None)
    pair = f"{seen['approvals'][0]['app_key']}=1"
    assert there("trust", file, "--fingerprint", "0" * 64).returncode == 5
    there.json("trust", file, "--fingerprint", spoken, "--counts", pair)
    taken = there.json("import", file)
    same = ("program", "version_code", "sha256")
    assert [taken[name] for name in same] == [made["program"], made["code"], made["sha256"]]
    assert [review["state"] for review in taken["approvals"]] == ["approved"]
    there.sign_in("operator")
    assert there.json("release", "carried@1", "--app", "1")["state"] == "running"
    bundle = there.json("preset", "carried@1", "--app", "1", "--out", "bundle.zip")
    assert bundle["programs"] == {"carried": 1}
    assert (tmp_path / "there" / "bundle.zip").stat().st_size == bundle["size"]
    again = there("import", file)
    assert again.returncode == 3  # an operator uploads nothing
    there.sign_in("developer")
    again = there("import", file, "--json")
    assert (again.returncode, json.loads(again.stdout)["error"]["code"]) == (5, "already_imported")
    damaged = bytearray((tmp_path / "carried.zip").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "damaged.zip").write_bytes(damaged)
    assert there("import", str(tmp_path / "damaged.zip")).returncode == 1
    assert there("import", str(tmp_path / "nothing.zip")).returncode == 2


def approve(shell: Shell, version: str) -> None:
    from ferry.cli.api import Api
    from ferry.cli.profile import Profile

    with Api(Profile(shell.tree.site, shell.made["tokens"]["reviewer"])) as api:
        api.post(f"versions/{version}/approve", {"host_app": shell.made["host_app"]["id"]})
