"""What can go wrong with segments, and what to do about it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import Conflict, FerryError


class SegmentInvalid(FerryError):
    """`problems` in the details says what is wrong, and where in the constraints."""

    code = "segment_invalid"
    status = 400
    message = _("The segment is not valid: {reason}")


class SegmentExists(Conflict):
    code = "segment_exists"
    message = _("There is a segment “{name}” already. Choose another name.")


class SegmentInUse(Conflict):
    code = "segment_in_use"
    message = _("The segment is used by {used_by}. End these first, or let them use another segment.")


class SegmentChanged(Conflict):
    code = "segment_changed"
    message = _("Somebody else has changed the segment in the meantime. Look at it again, then repeat your change.")


class TooManySegments(Conflict):
    code = "too_many_segments"
    message = _("There are {limit} segments already, which is the most. Delete one that nobody uses.")
