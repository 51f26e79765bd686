"""What an update costs on the wire: two releases of a real npm package as H5 packages, the delta, and dcz in Chromium.

    script/bench delta

The delta may be at most 5 % of the full deflated zip, and what Chromium receives at most 10 % more than the delta.
Without npm or Chromium the figures that need them are left out, and a line on stderr says why.
"""

from __future__ import annotations

import hashlib
import io
import os
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

from bench._support import Server, server, setup_django, tell

NPM_PACKAGE, OLD, NEW = "swagger-ui-dist", "5.34.1", "5.35.0"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
FETCH = """async (address) => {
    const body = await (await fetch(address)).arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}"""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ferry-bench-") as folder:
        data = Path(folder)
        if shutil.which("npm") is None:
            return _skip("npm is not installed")
        try:
            old_files, new_files = (fetched(version, data) for version in (OLD, NEW))
        except (subprocess.SubprocessError, OSError) as wrong:
            return _skip(f"npm pack does not give {NPM_PACKAGE}: {wrong}")
        setup_django(data)
        old, new = packed(old_files), packed(new_files)
        deflated, zstd, delta = made(old, new)
        tell("delta.size", len(delta), "bytes", baseline=deflated)
        tell("delta.percent_of_deflated_zip", 100 * len(delta) / deflated, "%")
        tell("delta.full_zstd", zstd, "bytes", baseline=deflated)
        applied(old, new, delta)
        return through_chromium(data, old, new, delta)


def fetched(version: str, data: Path) -> dict[str, bytes]:
    """The files of an npm package, by path."""
    command = ["npm", "pack", f"{NPM_PACKAGE}@{version}", "--silent", "--pack-destination", str(data)]
    subprocess.run(command, check=True, capture_output=True, timeout=120, cwd=data)
    with tarfile.open(data / f"{NPM_PACKAGE}-{version}.tgz") as archive:
        return {
            member.name.partition("/")[2]: file.read()
            for member in archive.getmembers()
            if (file := archive.extractfile(member)) is not None
        }


def packed(files: dict[str, bytes]) -> bytes:
    """The canonical package of these files."""
    from miniapps.packages.canonical import write_package

    out = io.BytesIO()
    write_package(files, lambda path: iter([files[path]]), out)
    return out.getvalue()


def made(old: bytes, new: bytes) -> tuple[int, int, bytes]:
    """Sizes of the deflated zip and of the zstd copy of the new package, and the delta."""
    from miniapps.delivery import compress

    deflated, zstd, delta = io.BytesIO(), io.BytesIO(), io.BytesIO()
    compress.write_deflated(io.BytesIO(new), len(new), deflated, _no_lease)
    compress.write_zstd(io.BytesIO(new), len(new), zstd, _no_lease)
    before, started = _peak_mb(), time.process_time()
    compress.write_delta(old, io.BytesIO(new), len(new), delta, _no_lease)
    tell("delta.make_cpu", time.process_time() - started, "s")
    tell("delta.make_memory", _peak_mb() - before, "MB")
    return deflated.tell(), zstd.tell(), delta.getvalue()


def applied(old: bytes, new: bytes, delta: bytes) -> None:
    """What a phone does with it; the result has the package's hash, or this stops."""
    from miniapps.delivery import compress

    started = time.process_time()
    result = compress.read_delta(old, io.BytesIO(delta), _no_lease)
    tell("delta.apply_cpu", (time.process_time() - started) * 1e3, "ms")
    if result != (hashlib.sha256(new).hexdigest(), len(new)):
        raise SystemExit("the delta does not give the new package")


def through_chromium(data: Path, old: bytes, new: bytes, delta: bytes) -> int:
    """Real headless Chromium fetches the old package, then the new one: how many bytes come over the wire."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        return _skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    from ferry.kernel.storage import blobs

    shas = [blobs().put(body).sha256 for body in (old, new, delta)]
    with server("bench._edge_server", "edge", shas[1], shas[0], shas[2], data=data) as edge, sync_playwright() as pw:
        browser = pw.chromium.launch(executable_path=path, args=FLAGS)
        first, second = (wire(browser, edge, shas[0]), wire(browser, edge, shas[1], after=shas[0]))
        browser.close()
    tell("delta.dcz_first_fetch", first, "bytes", baseline=len(old))
    tell("delta.dcz_wire", second, "bytes", baseline=len(delta))
    return 0


def wire(browser: Any, edge: Server, sha: str, *, after: str = "") -> int:
    """Bytes of headers and body as Chromium counts them, for one fetch; `after` is fetched before it, uncounted."""
    page = browser.new_context().new_page()
    base = f"http://127.0.0.1:{edge.port}"
    page.goto(f"{base}/healthz")
    if after and page.evaluate(FETCH, f"{base}/packages/{after}?of=bench") != after:
        raise SystemExit("Chromium got another package")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    counted: list[int] = []
    session.on("Network.loadingFinished", lambda said: counted.append(int(said["encodedDataLength"])))
    if page.evaluate(FETCH, f"{base}/packages/{sha}?of=bench") != sha:
        raise SystemExit("Chromium got another package")
    while not counted:
        page.wait_for_timeout(10)
    return counted[0]


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _no_lease() -> None:
    """Nobody else wants this work."""


def _skip(why: str) -> int:
    sys.stderr.write(f"bench: left out: {why}\n")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("NO_UPDATE_NOTIFIER", "1")
    sys.exit(main())
