"""Bodies that are files: a zip or a picture as it is, or a form that carries one. Written to disk as they arrive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser, DataAndFiles
from rest_framework.request import Request

from ferry.kernel.api.parsers import FormParser
from ferry.kernel.errors import Invalid, TooLarge
from miniapps import images
from miniapps.services.imports import MAX_FILE_BYTES

FIELD = "package"
_FORM = 64 * 1024  # what the other fields and the boundaries of a form may take
_CHUNK = 256 * 1024


class FileParser(BaseParser):
    """The body is the file."""

    limit: int | None = None  # bytes; None: FERRY_MAX_UPLOAD_BYTES

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> DataAndFiles[Any, Any]:
        """The file under the name "package", as a form would bring it. Raises TooLarge."""
        limit = settings.FERRY_MAX_UPLOAD_BYTES if self.limit is None else self.limit
        file = TemporaryUploadedFile(FIELD, self.media_type, 0, None)
        size = 0
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                file.close()
                raise TooLarge(limit=limit)
            file.write(chunk)
        file.seek(0)
        file.size = size
        return DataAndFiles(QueryDict(), MultiValueDict({FIELD: [file]}))


class ZipParser(FileParser):
    media_type = "application/zip"


class ExportParser(FileParser):
    media_type, limit = "application/zip", MAX_FILE_BYTES


class PngParser(FileParser):
    media_type, limit = "image/png", images.MAX_BYTES


class JpegParser(FileParser):
    media_type, limit = "image/jpeg", images.MAX_BYTES


class WebpParser(FileParser):
    media_type, limit = "image/webp", images.MAX_BYTES


EXPORT_PARSERS = (ExportParser,)
ZIP_PARSERS = (ZipParser, FormParser)
PICTURE_PARSERS = (PngParser, JpegParser, WebpParser, FormParser)


def check_length(request: Request, limit: int) -> None:
    """Refuse a body by its announced length, before it is read. Raises TooLarge."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > limit + _FORM:
        raise TooLarge(limit=limit)


@contextmanager
def uploaded(request: Request) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The file of the request, and its other fields: of the form, or of the query when the body is the file."""
    files = request.FILES
    try:
        if FIELD not in files or len(files) != 1 or len(files.getlist(FIELD)) != 1:
            raise Invalid(
                reason=_("send the file as the body, or as the field “{field}” of a form").format(field=FIELD)
            )
        raw = not (request.content_type or "").startswith("multipart/")
        fields: Any = request.query_params if raw else request.data
        yield files[FIELD], {name: value for name, value in fields.items() if name != FIELD}
    finally:
        for _name, each in files.lists():
            for file in each:
                file.close()
