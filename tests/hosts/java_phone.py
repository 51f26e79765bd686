"""A phone that is the Java host: one folder, run again and again."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.world import World

SOURCE = Path(__file__).resolve().parents[2] / "examples" / "hosts" / "java" / "FerryHost.java"
PAGE = b"<!doctype html><title>%s</title>"


class Phone:
    """One folder, run again and again."""

    def __init__(self, classes: Path, url: str, world: World, folder: Path) -> None:
        self.classes, self.url, self.world, self.folder = classes, url, world, folder
        self.status = 0

    def run(self, *arguments: str) -> list[dict[str, Any]]:
        """What it says, line by line."""
        about = ["--edge", self.url, "--app-key", self.world.host_app.app_key, "--dir", str(self.folder)]
        java = ["java", "-XX:TieredStopAtLevel=1", "-cp", str(self.classes), "FerryHost"]
        done = subprocess.run([*java, *about, *arguments], capture_output=True, text=True, timeout=120)
        assert not done.stderr, done.stderr
        self.status = done.returncode
        return [json.loads(line) for line in done.stdout.splitlines()]

    def opened(self, *arguments: str) -> str | None:
        """The title of what opens; None when nothing does."""
        events = self.run(*arguments)
        return next((line["title"] for line in events if line["event"] == "opened"), None)

    @property
    def state(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
        return said


def names(events: list[dict[str, Any]]) -> list[str]:
    return [line["event"] for line in events]


def publish(world: World, name: str, **plan: Any) -> Any:
    files = {"index.html": PAGE % name.encode(), "js/页.js": b"go()" * 4000, "😀.txt": b"x", "～.txt": b"y"}
    world.approve(world.upload(name, files))
    return world.release(name, **plan)
