"""What a package costs to send: 10 MB at full speed, and a check-in's p99 while eight slow phones download.

    script/bench download

A 10 MB download may cost at most 10 ms of server CPU, and the slow downloads may at most double the p99.
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bench._client import Run, best, drive
from bench._published import checkins, requests
from bench._support import Server, server, setup_django, tell

SIZE = 10_000_000
DOWNLOADS, ROUNDS = 10, 8
SLOW, SLOW_BYTES_PER_S = 8, 400_000
CHECKINS = 1500


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ferry-bench-") as folder:
        data = Path(folder)
        setup_django(data)
        from ferry.kernel.storage import blobs

        sha = blobs().put(os.urandom(SIZE)).sha256
        messages = requests("/v1/checkin", checkins())
        with server("bench._edge_server", "edge", sha, data=data) as edge:
            download(edge, sha)
            costs = [cpu_of(edge, lambda: [download(edge, sha) for _ in range(DOWNLOADS)]) for _ in range(ROUNDS)]
            tell("download.cpu_10_mb", min(costs) / DOWNLOADS * 1e3, "ms")
            tell("download.rate", SIZE / seconds(lambda: download(edge, sha)) / 1e6, "MB/s")
            drive(edge, messages, count=CHECKINS, connections=4)
            quiet, busy = [], []
            for _ in range(ROUNDS):
                quiet.append(drive(edge, messages, count=CHECKINS, connections=4))
                busy.append(beside_slow_downloads(edge, sha, messages))
            tell("download.checkin_p99_beside_8_slow", p99(busy), "ms", baseline=p99(quiet))
            tell("download.checkin_cpu_beside_8_slow", best(busy).cpu_us, "us", baseline=best(quiet).cpu_us)


def download(edge: Server, sha: str, *, bytes_per_s: float = 0.0, stop: threading.Event | None = None) -> int:
    """GET the package over a connection of its own, at most `bytes_per_s`; how many bytes of it came."""
    with socket.create_connection(("127.0.0.1", edge.port)) as connection:
        if bytes_per_s:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        connection.sendall(b"GET /packages/%b HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n" % sha.encode())
        got = 0
        while piece := connection.recv(64 * 1024):
            got += len(piece)
            if bytes_per_s and stop is not None and stop.wait(len(piece) / bytes_per_s):
                return got
        if got < SIZE:
            raise RuntimeError(f"only {got} bytes came")
        return got


def beside_slow_downloads(edge: Server, sha: str, messages: list[bytes]) -> Run:
    """A run of check-ins while eight phones download slowly."""
    stop = threading.Event()
    phones = [
        threading.Thread(target=download, args=(edge, sha), kwargs={"bytes_per_s": SLOW_BYTES_PER_S, "stop": stop})
        for _ in range(SLOW)
    ]
    for phone in phones:
        phone.start()
    time.sleep(0.3)
    try:
        return drive(edge, messages, count=CHECKINS, connections=4)
    finally:
        stop.set()
        for phone in phones:
            phone.join()


def p99(runs: list[Run]) -> float:
    """The best round's p99 in milliseconds: others on the machine only ever add."""
    return min(run.percentile(0.99) for run in runs)


def cpu_of(edge: Server, act: Callable[[], object]) -> float:
    before = edge.cpu()
    act()
    return edge.cpu() - before


def seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
