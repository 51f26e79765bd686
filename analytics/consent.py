"""What a user has agreed to (PIPL articles 13 and 24). It travels with the data: at registration and in batches.

Pure. A consent that is given names all three answers; what it does not name is a no.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class Consent(Struct, frozen=True):
    """One decision of the user, as the app recorded it."""

    analytics: bool = False
    marketing: bool = False
    profiling: bool = False
    policy_version: Annotated[str, Meta(max_length=64)] = ""
    at: Annotated[int, Meta(ge=0, le=10**14)] = 0  # ms since 1970
