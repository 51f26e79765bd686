"""QR codes of addresses: what a phone's camera opens. Pure but for segno.

Error correction M survives a thumb on a screen; the quiet border of four modules is what the standard asks for.
"""

from __future__ import annotations

import io

import segno

MODULE_PX = 8  # pixels of one module; a preview address then fills about 300 pixels
_BORDER = 4


def qr_png(text: str, *, module_px: int = MODULE_PX) -> bytes:
    """A black and white PNG. Raises ValueError when the text is too long for a QR code (about 2,300 bytes)."""
    out = io.BytesIO()
    _code(text).save(out, kind="png", scale=module_px, border=_BORDER)
    return out.getvalue()


def qr_svg(text: str) -> str:
    """An SVG element for a page or a file, as large as it is shown; black on white, so that a dark page keeps it.

    It holds no script, no style and no outside reference. Raises ValueError as `qr_png` does.
    """
    out = io.BytesIO()
    _code(text).save(out, kind="svg", border=_BORDER, dark="#000", light="#fff", xmldecl=False, omitsize=True)
    return out.getvalue().decode()


def _code(text: str) -> segno.QRCode:
    if not text:
        raise ValueError("There is nothing to write into the QR code.")
    return segno.make(text, error="m", micro=False, boost_error=False, encoding="utf-8")  # phones guess UTF-8
