"""What can go wrong with links, and what to do about it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import FerryError


class LinkBaseMissing(FerryError):
    code = "link_base_missing"
    status = 409
    message = _("{host_app} has no link base yet, so no link can open it. Set one in the settings of the host app.")


class LinkInvalid(FerryError):
    code = "link_invalid"
    status = 400
    message = _(
        "The {field} of the link is not valid: a path lies inside the package, like pages/order.html, and both are one"
        " line of printable characters."
    )


class TooManyLinks(FerryError):
    code = "too_many_links"
    status = 409
    message = _("The host app has {limit} open links already. End some that nobody needs.")


class NoSuchLink(FerryError):
    code = "no_such_link"
    status = 404
    message = _("There is no such link in this host app.")


class LinkOver(FerryError):
    code = "link_over"
    status = 410
    message = _("The link is over. Open the mini-program from the app itself.")
