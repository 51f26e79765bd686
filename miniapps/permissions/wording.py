"""Permissions in words."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from miniapps.permissions.domains import Fault

FAULTS: Mapping[Fault, str | Promise] = {
    Fault.SCHEME: _("only https is granted."),
    Fault.PATH: _("a domain has no path. Grants are for whole hosts."),
    Fault.PORT: _("a domain has no port. https is reached on 443."),
    Fault.ADDRESS: _("it is an IP address. Use a public host name."),
    Fault.NAME: _("it is no host name."),
    Fault.PRIVATE: _("it is no name of the public internet."),
    Fault.SUFFIX: _("anybody can have a name below it. Name your own domain."),
    Fault.STAR: _("a star stands for the whole left-most label: *.example.com."),
}

KINDS: Mapping[str, str | Promise] = {
    "capability": _("capability"),
    "request": _("requests"),
    "webview": _("web views"),
    "upload": _("uploads"),
    "download": _("downloads"),
}


def fault_text(fault: Fault) -> str:
    """What is wrong with a domain, and what to do."""
    return str(FAULTS[fault])


def kind_text(kind: str) -> str:
    """The kind of a permission."""
    return str(KINDS[kind])
