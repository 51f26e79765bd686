"""Reading bodies: JSON that is bounded, unambiguous and storable, or a form with files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser

from ferry.kernel import strict_json
from ferry.kernel.errors import TooLarge

LARGEST_JSON = 1024 * 1024  # bytes; lists that need more are uploaded as files


class StrictJsonParser(BaseParser):
    """Strict JSON (ferry.kernel.strict_json) in UTF-8, at most LARGEST_JSON bytes of it."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The value. Raises ParseError or TooLarge."""
        limit = min(LARGEST_JSON, settings.DATA_UPLOAD_MAX_MEMORY_SIZE or LARGEST_JSON)
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge(limit=limit)
        return parse_json(raw)


class FormParser(MultiPartParser):
    """multipart/form-data for uploads. Files go to temporary files as they arrive; the server bounds the whole."""


def parse_json(raw: bytes) -> Any:
    """The value of strict JSON. Raises ParseError."""
    try:
        return strict_json.loads(raw.decode())
    except ValueError as wrong:
        raise ParseError(f"it is not JSON in UTF-8: {str(wrong)[:200]}") from None
