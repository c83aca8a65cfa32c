"""Reading the QRIS code in a picture."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import zxingcpp
from chassis.images import processing
from chassis.images.processing import Picture
from PIL import Image

from payment.qris.rules import Code, the_code

_QR_CODES: Final = zxingcpp.barcode_formats_from_str("QRCode")


@dataclass(frozen=True)
class QrisPicture:
    """A picture, re-encoded, and the QRIS code in it; `code` is None if none can be read."""

    picture: Picture
    code: Code | None


def read_picture(data: bytes) -> QrisPicture:
    """Return the uploaded image as PNG with the code that can be read in it. Takes as long as decoding it twice.

    Raises:
        UnsupportedImage.
        SeveralCodes: the picture has more than one QRIS code.
    """
    picture = processing.reencode(data, into="PNG")
    return QrisPicture(picture, code_in(picture.data))


def code_in(stored: bytes) -> Code | None:
    """Return the QRIS code in a stored image; None if none can be read.

    Raises:
        SeveralCodes.
    """
    return the_code(_texts_in(_on_white(Image.open(BytesIO(stored)))))


def _on_white(image: Image.Image) -> Image.Image:
    """Return a picture in grey. What is transparent becomes white: below it, often, all is black."""
    if image.mode != "RGBA":
        return image.convert("L")
    ground = Image.new("RGBA", image.size, "white")
    ground.alpha_composite(image)
    return ground.convert("L")


def _texts_in(grey: Image.Image) -> Iterator[str]:
    for found in zxingcpp.read_barcodes(grey, formats=_QR_CODES):
        try:
            # Read as UTF-8, as the checksum is of these bytes; the library would guess if the code names no encoding.
            yield bytes(found.bytes).decode().strip()
        except UnicodeDecodeError:
            continue
