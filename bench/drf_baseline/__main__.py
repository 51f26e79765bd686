"""`python -m bench.drf_baseline PORT [startproject]`: the view behind granian over WSGI, one worker, as the site."""

from __future__ import annotations

import sys

from granian import Granian
from granian.constants import Interfaces


def main(port: int) -> None:
    Granian(
        "bench.drf_baseline.wsgi:application",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=1,
        log_enabled=False,
    ).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]))
