"""A process that appends for all it is worth and prints each id once it is acknowledged: killed by its test.

python appending.py <journal folder> <process id>
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from ferry.journal.writer import Journal


async def main(root: Path, process: str) -> None:
    journal = Journal(root, process, rotate_bytes=20_000)
    journal.start()

    async def client(number: int) -> None:
        for count in range(1_000_000):
            name = f"{process}-{os.getpid()}-{number}-{count}"
            await journal.append("device", json.dumps({"message_id": name, "padding": "x" * 200}).encode())
            os.write(1, f"{name}\n".encode())

    await asyncio.gather(*(client(number) for number in range(20)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
