"""What the journal refuses, and what a loader says when it has to stop."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import FerryError, Overloaded


class JournalOverloaded(Overloaded):
    """More bytes are waiting for the disk than the journal may hold; nothing was taken."""

    code = "journal_overloaded"
    message = _("More is arriving than the disk takes. Send the same again in {retry_after} seconds.")


class JournalUnavailable(FerryError):
    """The record is not durable: a write or sync failed, or the disk is nearly full. Send it again later."""

    code = "journal_unavailable"
    status = 503
    message = _("The report could not be stored ({reason}). Send the same again in {retry_after} seconds.")


class FolderInUse(RuntimeError):
    """Another living process writes under the same process id."""


class Unbalanced(RuntimeError):
    """A handler did not account for every record that it was given: a bug, and nothing of the step is recorded."""
