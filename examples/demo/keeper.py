"""Runs a command and ends it when whoever started this is gone, by whatever death: standard input then ends.

`python keeper.py COMMAND …`, started with a pipe as standard input. Closing the pipe is also the ordinary way to stop.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading


def main(command: list[str]) -> int:
    """The command's own exit code."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # Ctrl-C reaches the starter, which then closes the pipe
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)

    def watch() -> None:
        sys.stdin.buffer.read()
        child.terminate()

    threading.Thread(target=watch, daemon=True).start()
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
