"""The entries of the side navigation and which right opens each: nobody sees a door that stays shut."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ferry.kernel.identity.actors import Actor
from ferry.kernel.identity.rights import Right


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `section` is what a page calls itself, `url_name` where the entry leads."""

    section: str
    url_name: str
    word: str | Promise
    icon: str
    right: Right


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as the template draws it."""

    url: str
    word: str | Promise
    icon: str
    current: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Entries that belong together."""

    title: str | Promise
    entries: list[Link]


_GROUPS: tuple[tuple[str | Promise, tuple[Entry, ...]], ...] = (
    (
        "",
        (
            Entry("overview", "console:overview", _("Overview"), "overview", Right.VIEW),
            Entry("programs", "console:programs", _("Mini-programs"), "programs", Right.VIEW),
            Entry("reviews", "console:reviews", _("Reviews"), "inbox", Right.VIEW),
            Entry("permissions", "console:permissions", _("Permissions"), "lock", Right.VIEW),
            Entry("links", "console:links", _("Links"), "chain", Right.VIEW),
            Entry("devices", "console:devices", _("Devices"), "devices", Right.VIEW_DEVICES),
        ),
    ),
    (
        _("Win back"),
        (
            Entry("analytics", "console:analytics-trend", _("Analytics"), "chart", Right.VIEW_ANALYTICS),
            Entry("prediction", "console:prediction", _("Prediction"), "gauge", Right.VIEW_ANALYTICS),
            Entry("segments", "console:segments", _("Segments"), "target", Right.VIEW),
            Entry("campaigns", "console:campaigns", _("Campaigns"), "megaphone", Right.PUSH_VIEW),
        ),
    ),
    (
        _("Workspace"),
        (
            Entry("apps", "console:apps", _("Host apps"), "apps", Right.VIEW),
            Entry("members", "console:members", _("Members"), "members", Right.MANAGE_MEMBERS),
            Entry("tokens", "console:tokens", _("API tokens"), "token", Right.MANAGE_TOKENS),
            Entry("signing", "console:signing", _("Signing keys"), "key", Right.VIEW),
            Entry("audit", "console:audit", _("Audit log"), "audit", Right.READ_AUDIT),
        ),
    ),
)


def groups(actor: Actor, section: str) -> list[Group]:
    """The navigation for this actor, with the current section marked. Groups without an entry are left out."""
    drawn = []
    for title, entries in _GROUPS:
        links = [
            Link(reverse(entry.url_name, args=[actor.workspace.slug]), entry.word, entry.icon, entry.section == section)
            for entry in entries
            if actor.may(entry.right)
        ]
        if links:
            drawn.append(Group(title, links))
    return drawn


def first(actor: Actor) -> str:
    """Where the actor lands in the workspace: the first entry that is open. The auditor's is the audit log."""
    for group in groups(actor, ""):
        return group.entries[0].url
    return reverse("console:account")
