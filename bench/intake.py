"""What taking a package in costs: 10 MB in 3,000 files, against stdlib zipfile reading and re-writing the same files.

    script/bench intake

Both sides read the same deflated zip and write a stored one. Ours also guards every entry, understands the manifest,
hashes each file and the whole, and sorts. CPU time, in turns, the best of several rounds; memory is the growth of the
peak in a process of its own. The bars are 2x and 64 MB.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from bench._support import ROOT, tell
from miniapps.packages.canonical import Package
from miniapps.packages.guard import Limits
from miniapps.packages.intake import examine

FILES, TOTAL, ROUNDS = 3_000, 10_000_000, 9
WORDS = [bytes(random.Random(number).choices(b"abcdefghijklmnop(){};=. ", k=7)) for number in range(4_000)]
_CHUNK = 64 * 1024


def package(path: Path) -> None:
    """A mini-program of scripts, styles and pictures: sizes as they are in real ones, a few large and many small."""
    drawn = random.Random(11)
    weights = [drawn.paretovariate(1.2) for _ in range(FILES)]
    scale = TOTAL / sum(weights)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.html", b"<!doctype html>")
        for number, weight in enumerate(weights):
            size = max(16, int(weight * scale))
            content = (
                drawn.randbytes(size) if number % 10 == 0 else b"".join(drawn.choices(WORDS, k=size // 7 + 1))[:size]
            )
            archive.writestr(f"pages/page{number % 120}/part{number}.{'png' if number % 10 == 0 else 'js'}", content)


def ours(source: Path, out: BinaryIO) -> Package:
    with source.open("rb") as file:
        draft = examine(file, Limits())
        assert not draft.report.errors, draft.report.errors
        return draft.write(out)


def stdlib(source: Path, out: BinaryIO) -> None:
    with zipfile.ZipFile(source) as reading, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as writing:
        for info in reading.infolist():
            with reading.open(info) as file, writing.open(info.filename, "w") as copy:
                while chunk := file.read(_CHUNK):
                    copy.write(chunk)


def cost(act: Callable[[Path, BinaryIO], object], source: Path, folder: Path) -> float:
    """CPU milliseconds."""
    with tempfile.TemporaryFile(dir=folder) as out:
        started = time.process_time()
        act(source, out)
        return (time.process_time() - started) * 1000


def grown(source: Path) -> float:
    """MB by which taking it in raises the peak of a process that has everything imported."""
    asked = subprocess.run(
        [sys.executable, "-m", "bench.intake", "--memory", str(source)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    grew: float = json.loads(asked.stdout)
    return grew


def peak() -> float:
    """MB. Linux keeps the parent's peak in getrusage over an exec, so the process's own is read where it is told."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / (1 << 10)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "package.zip"
        package(source)
        with zipfile.ZipFile(source) as made:
            total = sum(info.file_size for info in made.infolist())
            assert len(made.namelist()) == FILES + 1
        with tempfile.TemporaryFile(dir=folder) as out:
            ours(source, out)
            out.seek(0)
            with zipfile.ZipFile(out) as ended, zipfile.ZipFile(source) as began:
                assert all(ended.read(path) == began.read(path) for path in began.namelist()), "the content differs"
        best = {"ours": float("inf"), "stdlib": float("inf")}
        for _ in range(ROUNDS):
            best["stdlib"] = min(best["stdlib"], cost(stdlib, source, folder))
            best["ours"] = min(best["ours"], cost(ours, source, folder))
        tell("intake.package", total / 1e6, "MB")
        tell("intake.validate_and_repack", best["ours"], "ms CPU", baseline=best["stdlib"])
        tell("intake.memory", grown(source), "MB above start")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        before = peak()
        ours(Path(sys.argv[2]), tempfile.TemporaryFile())  # noqa: SIM115
        sys.stdout.write(json.dumps(round(peak() - before, 2)))
    else:
        main()
