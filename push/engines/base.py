"""What a channel is given, and what it answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

Kind = Literal["ok", "token_dead", "retry", "slow_down", "config_error", "failed"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One device's copy. `delivery_id` (a UUID) stays the same at every attempt; all of a batch share the host app."""

    device_id: str
    token: str
    delivery_id: str
    title: str
    body: str
    data: Mapping[str, str]  # with "message" (its id, for receipts) and "link" where there is one
    collapse: str
    expires_at: datetime
    host_app_id: str = ""
    workspace_id: str = ""
    user: str = ""  # whom it is for; a channel of our own shows it to nobody else


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one copy. Only ok, token_dead and failed are final."""

    delivery_id: str
    kind: Kind
    retry_after: float | None = None  # seconds
    provider_id: str = ""
    detail: str = field(default="")  # for people


class Engine(Protocol):
    """A channel. `transactional`: it writes into Ferry's own database, so it is called inside the ledger's transaction.

    Others are called outside any transaction and must be done with a batch well within a lease (60 s).
    """

    transactional: bool

    def send(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Hand the copies over. A copy without an outcome counts as retry."""
