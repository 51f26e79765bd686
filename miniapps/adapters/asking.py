"""What an adapter's device says of itself, as a check-in would say it, and what becomes of that.

Nothing here is proved: these clients know no device tokens. Their ids are claims, good for a share of a gray release
and for analytics, never for an allowlist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec
from falcon.asgi import Request

from ferry.edge import answers
from ferry.edge.snapshot.hostapp import HostAppSnapshot
from ferry.edge.tokens import DeviceToken
from ferry.kernel.errors import Invalid
from ferry.kernel.targeting import Context
from miniapps.edge_types import CheckIn, PartialObservation, observed

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp

NOBODY = DeviceToken("", 0)
_MAX_FIELDS = 100


def query(req: Request) -> dict[str, str]:
    """The query's fields; of one that comes twice the last. Raises Invalid."""
    try:
        pairs = parse_qsl(req.query_string, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict")
    except (ValueError, UnicodeDecodeError):
        raise Invalid(reason="the query cannot be read") from None
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise Invalid(reason="the character U+0000 is not allowed")
    return dict(pairs)


def described(device: dict[str, str], **more: Any) -> CheckIn:
    """The device as a check-in's body. Raises Invalid with the place of the mistake."""
    try:
        return msgspec.convert({"device": device, **more}, CheckIn)
    except msgspec.ValidationError as wrong:
        raise Invalid(reason=str(wrong)) from None


def pass_limit(edge: EdgeApp, req: Request, snapshot: HostAppSnapshot, ticks: float) -> None:
    """Count this question as a check-in of its address. Raises RateLimited."""
    edge.limits.pass_checkin(snapshot.app, "", edge.address(req), ticks)


def observe(edge: EdgeApp, snapshot: HostAppSnapshot, said: CheckIn, context: Context, shown: bytes | None) -> None:
    """Offer the journal what was asked and shown (rule 9), unless this host app stores nothing without consent.

    It says something of one mini-program alone, so what is known of the device's others stays.
    """
    if not said.device.id or not snapshot.app.stores(NOBODY):
        return
    installed = {each.id: each.code for each in said.installed}
    arms = [] if shown is None else [shown]
    observation = observed(PartialObservation, snapshot.app.id, said, context, installed, arms, edge.next_seq())
    edge.journal.offer("checkin", answers.encode(observation))
