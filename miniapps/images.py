"""Icons in the sizes that hosts show, rendered from one picture that nobody has checked. Pure but for Pillow.

Only pixels survive: the picture is decoded within limits and drawn anew, so no metadata, profile, animation or
appended data reaches a device.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping

from django.utils.translation import gettext as _
from PIL import Image, ImageOps

SIZES = (48, 96, 192, 512)
FORMATS: Mapping[str, str] = {"PNG": "", "WEBP": ".webp"}
MAX_BYTES = 2 << 20
MAX_SIDE = 4096
MIN_SIDE = 48
_READABLE = ("PNG", "JPEG", "WEBP")


class Unusable(Exception):
    """Not a picture that an icon can be made of; the text says why."""


def render_icons(picture: bytes) -> dict[str, bytes]:
    """Every size in PNG ("48") and WebP ("48.webp"). A picture that is not square is centred on a clear ground."""
    square = _square(_decode(picture))
    icons: dict[str, bytes] = {}
    for size in SIZES:
        scaled = square.resize((size, size), Image.Resampling.LANCZOS)
        for name, suffix in FORMATS.items():
            out = io.BytesIO()
            scaled.save(out, format=name, **({"optimize": True} if name == "PNG" else {"quality": 90, "method": 4}))
            icons[f"{size}{suffix}"] = out.getvalue()
    return icons


def _decode(picture: bytes) -> Image.Image:
    """The pixels, upright, as RGBA. The size is read from the header and judged before anything is decoded."""
    if len(picture) > MAX_BYTES:
        raise Unusable(_("It has more than {limit} MB.").format(limit=MAX_BYTES >> 20))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(picture), formats=_READABLE)
            if max(image.size) > MAX_SIDE:
                raise Unusable(_("It is larger than {limit} pixels.").format(limit=MAX_SIDE))
            if min(image.size) < MIN_SIDE:
                raise Unusable(_("It is smaller than {limit} pixels.").format(limit=MIN_SIDE))
            return ImageOps.exif_transpose(image).convert("RGBA")
    except Unusable:
        raise
    except Exception as error:
        raise Unusable(_("It is not a readable PNG, JPEG or WebP picture.")) from error


def _square(image: Image.Image) -> Image.Image:
    side = max(image.size)
    ground = Image.new("RGBA", (side, side))
    ground.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return ground
