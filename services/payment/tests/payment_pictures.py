"""Pictures that runners, cameras and attackers send."""

import struct
import zlib
from collections.abc import Sequence
from io import BytesIO
from itertools import product
from random import Random
from typing import Any

from PIL import Image, ImageDraw

_TOP = (200, 30, 30)
_BOTTOM = (30, 30, 200)


def two_halves(width: int = 40, height: int = 60, mode: str = "RGB") -> Image.Image:
    """Red above, blue below: turning it is noticed."""
    image = Image.new("RGB", (width, height), _BOTTOM)
    image.paste(_TOP, (0, 0, width, height // 2))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    written = BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def jpeg(**options: Any) -> bytes:
    return encoded(two_halves(), "JPEG", **options)


def png(**options: Any) -> bytes:
    return encoded(two_halves(), "PNG", **options)


def webp(**options: Any) -> bytes:
    return encoded(two_halves(), "WEBP", **options)


def jpeg_of_size(size: int) -> bytes:
    """A JPEG of exactly `size` bytes."""
    image = jpeg()
    return image + b"\0" * (size - len(image))


def jpeg_from_a_phone() -> bytes:
    """Held sideways, with the place where it was taken, a comment, and a second picture behind it."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to see it upright
    exif[0x010F] = "A Phone Maker"
    exif.get_ifd(0x8825).update({1: "S", 2: (6.0, 54.0, 0.0), 3: "E", 4: (107.0, 36.0, 0.0)})
    return jpeg(exif=exif, comment=b"taken at home")


def several_pictures_in_one() -> bytes:
    """What many phones write: a JPEG with a preview appended (MPO)."""
    return encoded(two_halves(), "MPO", save_all=True, append_images=[two_halves(10, 15)])


def png_that_declares(width: int, height: int) -> bytes:
    """A few bytes that say they are a huge image."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(b"\0" * 64))
        + _chunk(b"IEND", b"")
    )


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def webp_that_declares(width: int, height: int) -> bytes:
    """A lossless WebP header for a huge image."""
    bits = (width - 1) | (height - 1) << 14
    body = b"VP8L" + struct.pack("<I", 10) + b"\x2f" + struct.pack("<I", bits) + b"\0" * 5
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def jpeg_with_scans(scans: int, *, width: int, height: int) -> bytes:
    """A progressive JPEG whose scans are repeated, so that a small file asks for much work."""
    image = encoded(Image.new("L", (width, height)), "JPEG", progressive=True)
    last = image.rindex(b"\xff\xda")
    return image[:last] + image[last:-2] * scans + b"\xff\xd9"


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF"
ZIP = b"PK\x03\x04" + b"evil.sh" + b"\0" * 40 + b"PK\x05\x06" + b"\0" * 18
GIF = encoded(two_halves(), "GIF")
GIF_WITH_SCRIPT = GIF + b"*/=1;alert(1)//"
BMP = encoded(two_halves(), "BMP")
TIFF = encoded(two_halves(), "TIFF")


GREY, COLOUR, GREY_AND_ALPHA, COLOUR_AND_ALPHA = 0, 2, 4, 6
CHANNELS = {GREY: 1, COLOUR: 3, GREY_AND_ALPHA: 2, COLOUR_AND_ALPHA: 4}


def raw_png(pixels: Sequence[Sequence[int]], *, bits: int, colour: int, transparent: Sequence[int] = ()) -> bytes:
    """One row of `pixels` as a PNG of any depth, written without an image library.

    Args:
        pixels: samples of each pixel, of `bits` bits.
        transparent: samples of the colour that is transparent, if any.
    """
    samples = "".join(format(sample, f"0{bits}b") for pixel in pixels for sample in pixel)
    row = bytes(int(samples[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(samples), 8))
    key = _chunk(b"tRNS", struct.pack(f">{len(transparent)}H", *transparent)) if transparent else b""
    header = struct.pack(">IIBBBBB", len(pixels), 1, bits, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + key
        + _chunk(b"IDAT", zlib.compress(b"\0" + row))
        + _chunk(b"IEND", b"")
    )


HEIC = b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + b"\0" * 500
AVIF = b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + b"\0" * 500
MP4 = b"\0\0\0\x18ftypisom\0\0\2\0isommp42" + b"\0" * 500


def receipt(number: str, reference: str, *, at: str = "10:41:07", qris: bool = False) -> Image.Image:
    """A screenshot of a banking app's receipt; with `qris`, below it the organiser's code, the same for all."""
    picture = Image.new("RGB", (1080, 2340), "white")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, 1080, 300), fill=(0, 102, 174))
    pen.text((60, 110), "Transfer Berhasil", fill="white", font_size=64)
    lines = {
        "Tanggal": f"26 Nov 2026 {at} WIB",
        "Penerima": "YAYASAN LARI BANDUNG",
        "Rekening": "123-456-7890",
        "Jumlah": "Rp 150.000,00",
        "Berita": number,
        "No. Referensi": reference,
    }
    for line, (label, value) in enumerate(lines.items()):
        pen.text((60, 420 + 120 * line), label, fill=(90, 90, 90), font_size=36)
        pen.text((480, 420 + 120 * line), value, fill="black", font_size=36)
    if qris:
        _code(pen, at=(290, 1300), size=500)
    return picture


def _code(pen: ImageDraw.ImageDraw, *, at: tuple[int, int], size: int) -> None:
    """Draw modules as in a QR code."""
    cells, random = 33, Random(7)
    side = size // cells
    for row, column in product(range(cells), repeat=2):
        if random.random() < 0.5:
            x, y = at[0] + column * side, at[1] + row * side
            pen.rectangle((x, y, x + side - 1, y + side - 1), fill="black")
