"""Who is acting: the value that every service takes first, whichever door the request came through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ferry.kernel.errors import NotAllowed
from ferry.kernel.identity.rights import Right

if TYPE_CHECKING:
    from ferry.kernel.identity.models import Workspace

Kind = Literal["member", "token", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts in one workspace, with the rights that were theirs when the request began.

    `id` is the member's or the token's id. `person_id` is whoever answers for the act, and what the rule "nobody
    approves what he uploaded" compares: the account behind a member; for a token whoever made it, so that a person
    cannot approve their own upload through a token; "robot:<token id>" for the tokens that `bootstrap` makes.
    """

    workspace: Workspace
    kind: Kind
    id: str
    name: str
    rights: frozenset[Right]
    person_id: str
    address: str = ""  # of the client, as far as the trusted proxies tell; empty for ticks and commands
    request_id: str = ""

    @property
    def is_authenticated(self) -> bool:
        """REST framework asks this of every user: an Actor exists only after authentication."""
        return True

    def may(self, right: Right) -> bool:
        """Whether the actor holds the right, for a page that hides what cannot be done."""
        return right in self.rights


def require(actor: Actor, right: Right) -> None:
    """Refuse the act unless the actor holds the right. Raises NotAllowed, which names the right."""
    if right not in actor.rights:
        raise NotAllowed(right=right.value)


def system(workspace: Workspace, name: str = "ferry") -> Actor:
    """The platform itself, for ticks and commands. It holds every right and is nobody's person."""
    return Actor(
        workspace=workspace,
        kind="system",
        id=name,
        name=name,
        rights=frozenset(Right),
        person_id=f"system:{name}",
    )
