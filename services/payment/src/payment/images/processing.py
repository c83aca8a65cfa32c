"""Strangers' images: judged by content, decoded within limits, and written anew, so that only the picture is kept."""

import asyncio
import hashlib
import warnings
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from chassis.wording import Wording
from PIL import Image, ImageOps

from payment.images.errors import TooBusy, UnsupportedImage
from payment.images.kinds import accepted_kind
from payment.images.modes import in_8_bits, mode_in_file, scale_transparent_colour

MAX_FILE_BYTES = 2 * 1024 * 1024
MAX_PIXELS = 40_000_000

_MAX_SCANNED_PIXELS = 1_000_000_000
"""Pixels times scans: a small progressive JPEG may ask for all of them again and again. Photographs need a tenth."""

_SAVE: dict[str, dict[str, Any]] = {"JPEG": {"quality": 90}, "PNG": {}, "WEBP": {"quality": 90}}
_JPEG_FORMATS = ("JPEG", "MPO")  # phones append further pictures to a JPEG, which makes it an MPO

# Pillow refuses twice this; from here on it warns, and a warning about a bomb counts as a refusal.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


@dataclass(frozen=True)
class Picture:
    """An image written anew, and the SHA-256 (hex) of the file it came from."""

    data: bytes
    content_type: str
    suffix: str
    original_sha256: str


def rewrite(data: bytes, *, into: str | None = None) -> Picture:
    """The picture in `data` without anything else: no metadata, nothing appended, one frame, upright.

    Args:
        data: a file from outside.
        into: the format to write, "JPEG", "PNG" or "WEBP"; its own if not given.

    Raises:
        UnsupportedImage.
    """
    kind = accepted_kind(data)
    target = into or kind
    image = _upright(_decoded(data, kind))
    written = BytesIO()
    _bare(image, alpha=target != "JPEG").save(written, target, **_SAVE[target])
    return Picture(written.getvalue(), f"image/{target.lower()}", target.lower(), hashlib.sha256(data).hexdigest())


def _decoded(data: bytes, kind: str) -> Image.Image:
    try:
        image = Image.open(BytesIO(data), formats=[kind])
        _refuse_costly(image, data)
        mode = mode_in_file(image)
        image.load()
        scale_transparent_colour(image, mode)
    except UnsupportedImage:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnsupportedImage(_TOO_LARGE) from None
    except Exception:  # noqa: BLE001  # whatever a decoder trips over, the file is at fault
        raise UnsupportedImage(_DAMAGED) from None
    return image


_DAMAGED = Wording(
    en="The picture is damaged or incomplete. Save it again as JPEG, PNG or WebP, or send a screenshot.",
    id="Gambarnya rusak atau tidak utuh. Simpan lagi sebagai JPEG, PNG atau WebP, atau kirim tangkapan layar.",
)
_TOO_LARGE = Wording(
    en=f"The picture has more than {MAX_PIXELS // 1_000_000} million pixels. Send a smaller one or a screenshot.",
    id=f"Gambar ini lebih dari {MAX_PIXELS // 1_000_000} juta piksel. Kirim yang lebih kecil atau tangkapan layar.",
)
_TOO_SLOW = Wording(
    en="The picture takes too long to decode. Send a screenshot of it.",
    id="Gambar ini terlalu lama diproses. Kirim tangkapan layarnya.",
)


def _refuse_costly(image: Image.Image, data: bytes) -> None:
    pixels = image.width * image.height
    if pixels > MAX_PIXELS:
        raise UnsupportedImage(_TOO_LARGE)
    if image.format in _JPEG_FORMATS and pixels * data.count(b"\xff\xda") > _MAX_SCANNED_PIXELS:
        raise UnsupportedImage(_TOO_SLOW)


def _upright(image: Image.Image) -> Image.Image:
    with suppress(Exception):  # a camera's broken note about itself is no reason to refuse its picture
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _bare(image: Image.Image, *, alpha: bool) -> Image.Image:
    mode = "RGBA" if alpha and image.has_transparency_data else "RGB"
    bare = in_8_bits(image, mode)
    bare.info = {}  # comments and colour profiles would be written along
    return bare


class Studio:
    """Rewrites images in threads, a few at once; a short line waits, whoever comes then is sent away.

    Args:
        threads: images at once.
        line: images waiting or under way.
    """

    def __init__(self, *, threads: int, line: int) -> None:
        self._threads = asyncio.Semaphore(threads)
        self._line = line
        self._inside = 0

    async def rewrite(self, data: bytes, *, into: str | None = None) -> Picture:
        """`rewrite`, without holding up anybody else.

        Raises:
            UnsupportedImage, TooBusy.
        """
        if self._inside >= self._line:
            raise TooBusy
        self._inside += 1
        try:
            async with self._threads:
                return await asyncio.to_thread(rewrite, data, into=into)
        finally:
            self._inside -= 1
