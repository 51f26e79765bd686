"""The servers under measurement: `python -m bench._edge_server PORT constant|edge|live [PACKAGE [BASE DELTA]]`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from bench._published import Handmade
from bench._support import setup_django


async def constant(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body and answers something: what the server itself costs."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    while (await receive()).get("more_body"):
        continue
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


def main(port: int, kind: str, package: str = "", base: str = "", delta: str = "") -> None:
    setup_django(Path(os.environ["FERRY_DATA"]))
    from django.core.management import call_command

    from ferry.edge import server, serving
    from ferry.edge.settings import EdgeSettings

    if kind == "constant":
        serving.serve(constant, host="127.0.0.1", port=port)
        return
    call_command("migrate", verbosity=0)
    settings = EdgeSettings.from_django(process_id=port)
    loose = {"device_per_s": 1e6, "device_burst": 1e6, "address_per_s": 1e6, "address_burst": 1e6, "metrics_port": 0}
    settings = EdgeSettings(**{name: getattr(settings, name) for name in settings.__slots__} | loose)
    if kind == "live":
        serving.serve(server.build(settings), host="127.0.0.1", port=port)
        return
    published = Handmade.of()
    if package:
        first = next(body for name, body in published.bodies.items() if name.startswith("program:"))
        first["releases"][-1]["version"]["sha256"] = package
    if base:
        first["releases"][0]["version"]["sha256"] = base
        first["releases"][-1]["deltas"] = [{"code": 3, "from": base, "sha256": delta, "size": 1}]
    serving.serve(server.build(settings, source=published), host="127.0.0.1", port=port)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
