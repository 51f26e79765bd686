"""What can go wrong with a file that is uploaded in pieces, and what to do about it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import FerryError


class UploadGone(FerryError):
    code = "upload_gone"
    status = 410
    message = _("The upload has expired. Begin it again.")


class UploadOffsetWrong(FerryError):
    code = "upload_offset_wrong"
    status = 409
    message = _("The upload stands at byte {offset}. Ask where it stands, and go on from there.")


class UploadIncomplete(FerryError):
    code = "upload_incomplete"
    status = 409
    message = _("Only {offset} of {size} bytes have arrived. Send the rest first.")


class TooManyUploads(FerryError):
    code = "too_many_uploads"
    status = 409
    message = _("You have {limit} open uploads, which is the most. Finish one or throw one away.")


class UploadBusy(FerryError):
    code = "upload_busy"
    status = 423
    message = _("Another request is working on the upload. Try again in a moment.")


class ChecksumWrong(FerryError):
    code = "upload_checksum_wrong"
    status = 460  # what the tus protocol says for it
    message = _("The piece did not arrive as it was sent; nothing of it was kept. Send it again.")


class TusVersionUnknown(FerryError):
    code = "tus_version_unknown"
    status = 412
    message = _("Say in Tus-Resumable that you speak version {version}.")


class UploadTypeWrong(FerryError):
    code = "upload_type_wrong"
    status = 415
    message = _("Send a piece of an upload as {expected}.")
