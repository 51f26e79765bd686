"""An address as a QR code: in the terminal, as a picture, or as text for a page (--qrcode-format)."""

from __future__ import annotations

import io
from pathlib import Path

import segno

from ferry.cli.errors import Usage

_DOTS = 8  # pixels for each module


def show(address: str, form: str, target: Path | None) -> str:
    """What to print: the code itself, or where it was written. Raises Usage where it cannot be written."""
    code = segno.make(address, error="m")
    if form == "image":
        target = target or Path("preview.png")
    if form == "terminal":
        text = io.StringIO()
        code.terminal(text, compact=True)
        drawn = text.getvalue()
    else:
        drawn = code.png_data_uri(scale=_DOTS)
    if target is None:
        return drawn
    try:
        if form == "image":
            code.save(str(target), kind="svg" if target.suffix == ".svg" else "png", scale=_DOTS)
        else:
            target.write_text(drawn, "utf-8")
    except OSError as wrong:
        raise Usage(f"{target} cannot be written: {wrong.strerror}. The preview is open at {address}") from None
    return f"QR code in {target}"
