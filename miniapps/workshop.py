"""Where packages are put together: beside the data, so that a small /tmp does not limit one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import BinaryIO

from django.conf import settings


def folder() -> Path:
    """The folder, made if it is not there yet. What died with its process is swept by miniapps.services.uploads."""
    found = Path(settings.FERRY_DATA) / "tmp"
    found.mkdir(parents=True, exist_ok=True)
    return found


def temporary() -> BinaryIO:
    """A file without a name, gone when it is closed or its process ends."""
    return tempfile.TemporaryFile(dir=folder())
