"""What a vendor's token looks like. Pure.

A wrong form is refused when the device brings it: sent to the vendor, it would look like a wrong setting of ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# Apple tells no length ("do not hard-code it"); it has been 32 bytes so far, and bytes are told in hex.
_HEX = re.compile(r"[0-9a-f]{32,400}")


def _apns(token: str) -> str | None:
    lowered = token.lower()
    return lowered if _HEX.fullmatch(lowered) and len(lowered) % 2 == 0 else None


_forms: dict[str, Callable[[str], str | None]] = {"apns": _apns}

CHANNELS = tuple(_forms)


def canonical(channel: str, token: str) -> str | None:
    """The token as it is stored, or None when it is none of this channel. Raises KeyError for an unknown channel."""
    return _forms[channel](token)
