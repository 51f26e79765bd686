"""Icons: every size from any honest picture, nothing from a hostile one, and only pixels survive."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from miniapps.images import MAX_BYTES, SIZES, Unusable, render_icons


def saved(image: Image.Image, kind: str = "PNG", **values) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **values)
    return out.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))


def png_of(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing: a decompression bomb."""
    head = struct.pack(">2L5B", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_every_size_in_both_formats(kind):
    icons = render_icons(saved(Image.new("RGB", (300, 300), "teal"), kind))
    for size in SIZES:
        for suffix, expected in (("", "PNG"), (".webp", "WEBP")):
            image = Image.open(io.BytesIO(icons[f"{size}{suffix}"]))
            assert (image.format, image.size) == (expected, (size, size))


def test_a_wide_picture_is_centred_on_a_clear_ground():
    image = Image.open(io.BytesIO(render_icons(saved(Image.new("RGB", (400, 100), "red")))["96"]))
    assert image.getpixel((48, 48)) == (255, 0, 0, 255)
    assert image.getpixel((48, 5))[3] == 0


def test_metadata_does_not_survive():
    info = PngImagePlugin.PngInfo()
    info.add_text("Location", "the developer's home")
    exif = Image.Exif()
    exif[0x010E] = "the developer's name"
    icons = render_icons(saved(Image.new("RGB", (64, 64)), pnginfo=info, exif=exif) + b"appended data")
    for raw in icons.values():
        assert b"developer" not in raw
        assert b"appended" not in raw
        assert not Image.open(io.BytesIO(raw)).getexif()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_no_profile_and_no_packet_of_any_format_survives(kind):
    """Colour profiles and XMP name devices, programs and people; hosts get pixels alone."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + b"harbour profile"
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">harbour packet</x:xmpmeta>'
    brought = {"JPEG": {"xmp": packet}, "WEBP": {"xmp": packet}, "PNG": {}}[kind]
    picture = saved(Image.new("RGB", (64, 64), "teal"), kind, icc_profile=profile, **brought)
    assert b"harbour profile" in picture or kind == "PNG"  # PNG squeezes it
    for raw in render_icons(picture).values():
        assert b"harbour" not in raw
        assert not {"icc_profile", "xmp", "exif"} & set(Image.open(io.BytesIO(raw)).info)


def test_a_photo_lying_on_its_side_is_put_upright():
    image = Image.new("RGB", (100, 200), "white")
    image.paste("black", (0, 0, 100, 100))
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    icon = Image.open(io.BytesIO(render_icons(saved(image, "JPEG", exif=exif))["96"]))
    assert icon.getpixel((48, 80))[0] < 30 < icon.getpixel((48, 10))[0]


@pytest.mark.parametrize(
    "picture",
    [
        b"",
        b"GIF89a" + bytes(50),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        png_of(50_000, 50_000),
        png_of(4097, 64),
        png_of(3000, 3000)[:60],
        saved(Image.new("RGB", (47, 200))),
        saved(Image.new("RGB", (64, 64)), "BMP"),
        saved(Image.new("RGB", (64, 64)), "TIFF"),
        b"\x89PNG\r\n\x1a\n" + bytes(MAX_BYTES),
    ],
    ids=["nothing", "gif", "svg", "bomb", "too wide", "cut", "too small", "bmp", "tiff", "too many bytes"],
)
def test_what_is_no_usable_picture_is_refused(picture):
    with pytest.raises(Unusable):
        render_icons(picture)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_picture_is_refused_or_drawn(place, value):
    raw = bytearray(saved(Image.new("RGB", (64, 64), "teal")))
    raw[place % len(raw)] = value
    with contextlib.suppress(Unusable):
        assert len(render_icons(bytes(raw))) == 8
