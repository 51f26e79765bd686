"""What a stream is refused with, and what the device should do then."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import FerryError, Overloaded


class TicketInvalid(FerryError):
    code = "stream_ticket_invalid"
    status = 401
    message = _("The ticket is not valid any more. Get a new one with POST /v1/stream/ticket.")


class StreamsFull(Overloaded):
    code = "streams_full"
    message = _("This process holds as many streams as it may. Try again in {retry_after} seconds, or use /v1/sync.")


class InboxUnavailable(Overloaded):
    code = "inbox_unavailable"
    message = _("The inbox cannot be read now. Try again in {retry_after} seconds; nothing is lost.")
