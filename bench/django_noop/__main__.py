"""`python -m bench.django_noop PORT granian|uvicorn [bare]`: the view, one worker, on either server that we use."""

from __future__ import annotations

import sys


def main(port: int, kind: str) -> None:
    if kind == "granian":
        from granian import Granian
        from granian.constants import Interfaces

        Granian(
            "bench.django_noop.asgi:application",
            address="127.0.0.1",
            port=port,
            interface=Interfaces.ASGINL,
            workers=1,
            log_enabled=False,
        ).serve()
        return
    import uvicorn

    from bench.django_noop.asgi import application

    uvicorn.run(
        application, host="127.0.0.1", port=port, loop="uvloop", http="httptools", lifespan="off", access_log=False
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
