"""Large sets of ids (allowlists, segments made of users): how they are written, addressed and read back.

Pure: the edge uses it too. A set is built outside the publishing transaction, stored once and loaded once.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import FerryError

LONGEST = 256  # characters of one id
MOST = 2_000_000  # ids of one set: about 60 MB of text, 200 MB as a frozenset in an edge
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


class SetInvalid(FerryError):
    code = "set_invalid"
    status = 400
    message = _("The list cannot be stored: {reason}")


def encode(values: Iterable[str]) -> bytes:
    """The set's bytes: unique ids, sorted, one a line, UTF-8. Equal sets give equal bytes, in any order given.

    Blanks around an id go, and an empty one is dropped: it would match a device that has no user.
    """
    unique = {value.strip() for value in values} - {""}
    if len(unique) > MOST:
        raise SetInvalid(reason=f"it has {len(unique)} entries, at most {MOST} are possible", entries=len(unique))
    for value in unique:
        if len(value) > LONGEST:
            raise SetInvalid(reason=f"an entry has more than {LONGEST} characters")
        if _CONTROL.search(value):
            raise SetInvalid(reason="an entry holds a line break or another control character")
    try:
        return "\n".join(sorted(unique)).encode()
    except UnicodeEncodeError as error:
        raise SetInvalid(reason="an entry is no valid Unicode text") from error


def decode(body: bytes) -> frozenset[str]:
    """The set again."""
    return frozenset(body.decode().split("\n")) if body else frozenset()


def address(body: bytes) -> str:
    """The content address of a part or a set: its sha256 in hex."""
    return hashlib.sha256(body).hexdigest()
