"""A QR code says what it was made of, read by a decoder that is not ours."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from miniapps.qr import qr_png, qr_svg

ADDRESS = "https://k3v9q2m7c1x8z4b6n5w0.pkg.example.net/index.html?from=渡口"


def read(picture: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)]


def test_a_picture_reads_back():
    picture = Image.open(io.BytesIO(qr_png(ADDRESS)))
    assert picture.format == "PNG"
    assert picture.width == picture.height
    assert read(picture.convert("L")) == [ADDRESS]


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=300))
def test_any_text_reads_back(text):
    assert read(Image.open(io.BytesIO(qr_png(text, module_px=4))).convert("L")) == [text]


def test_the_vector_draws_the_same_modules():
    element = ElementTree.fromstring(qr_svg(ADDRESS))  # noqa: S314  our own
    assert {child.tag.rpartition("}")[2] for child in element.iter()} == {"svg", "path"}
    assert not any(name.endswith("href") for child in element.iter() for name in child.attrib)
    side = int(element.attrib["viewBox"].split()[2])
    strokes = next(child.attrib["d"] for child in element.iter() if child.attrib.get("stroke") == "#000")
    assert read(drawn(strokes, side, 8)) == [ADDRESS]


def drawn(strokes: str, side: int, unit: int) -> Image.Image:
    """A path of horizontal strokes, one unit wide, as a picture."""
    picture = Image.new("L", (side * unit, side * unit), "white")
    pen, x, y = ImageDraw.Draw(picture), 0.0, 0.0
    for act, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?:[ ,]?(-?[\d.]+))?", strokes):
        if act == "M":
            x, y = float(first), float(second)
        elif act == "m":
            x, y = x + float(first), y + float(second)
        else:
            pen.rectangle((x * unit, (y - 0.5) * unit, (x + float(first)) * unit - 1, (y + 0.5) * unit - 1), "black")
            x += float(first)
    return picture


def test_what_no_code_can_hold_is_an_error():
    with pytest.raises(ValueError, match="nothing"):
        qr_png("")
    with pytest.raises(ValueError, match="Data too large"):
        qr_svg("a" * 3000)
