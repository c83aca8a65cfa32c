"""The QR code of a charge, as a picture in its page and as a file to save."""

import io
from functools import lru_cache
from typing import Final

import segno

_MODULE_PIXELS: Final = 12
"""Some 700 pixels in all: sharp on phones, also when it is saved and opened in a payment app."""


@lru_cache(maxsize=4096)  # 5 kB each
def as_picture(text: str, *, error: str = "m") -> str:
    """Return a QR code as the address of a picture, for a page that is shown again and again while it waits.

    Args:
        error: level of correction; `l` for a long text, whose code is then coarser and lighter.
    """
    code = _code(text, error)
    return str(code.svg_data_uri(border=4, light="#fff", svgclass=None, lineclass=None, omitsize=True, nl=False))


def as_file(text: str) -> bytes:
    """Return a QR code as PNG: payment apps read pictures of the gallery, which has no SVG."""
    written = io.BytesIO()
    _code(text).save(written, kind="png", scale=_MODULE_PIXELS, border=4)
    return written.getvalue()


def _code(text: str, error: str = "m") -> segno.QRCode:
    # The checksum of QRIS is of the text in UTF-8.
    return segno.make_qr(text, error=error, encoding="utf-8")
