"""What an upload does with an archive, without a database."""

from __future__ import annotations

import io

from miniapps.packages.canonical import Package
from miniapps.packages.guard import Limits
from miniapps.packages.intake import examine

LIMITS = Limits()


def take(raw: bytes, limits: Limits = LIMITS) -> tuple[Package, bytes]:
    """The canonical package and its bytes. Raises Refused."""
    out = io.BytesIO()
    draft = examine(io.BytesIO(raw), limits)
    package = draft.write(out)
    return package, out.getvalue()
