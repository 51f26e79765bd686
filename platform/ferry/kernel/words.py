"""What text that people read may not hold. Pure: no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Embeddings, overrides and isolates of Unicode's bidirectional algorithm (UAX #9): they let a text show other words
# than it holds (CVE-2021-42574). The marks U+200E, U+200F and U+061C only help Arabic and Hebrew, and stay.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
TURNED: Promise = _("Take out the invisible characters that turn the direction of text: they hide what it says.")


def turns(value: object, depth: int = 20) -> bool:
    """Whether any text in `value`, which came as JSON or as a form, turns its own direction round."""
    if isinstance(value, str):
        return _TURNING.search(value) is not None
    if depth == 0:
        return False
    if isinstance(value, Mapping):
        return any(turns(name, depth - 1) or turns(each, depth - 1) for name, each in value.items())
    return isinstance(value, list | tuple) and any(turns(each, depth - 1) for each in value)
