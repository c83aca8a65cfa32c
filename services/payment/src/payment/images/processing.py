"""Validate uploaded images by content, decode them within limits, and re-encode them without metadata."""

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
from payment.images.file_types import accepted_type
from payment.images.modes import in_8_bits, mode_in_file, scale_transparent_colour

MAX_FILE_BYTES = 2 * 1024 * 1024
MAX_PIXELS = 40_000_000

_MAX_SCANNED_PIXELS = 1_000_000_000
"""Maximum of pixels times scans: a small progressive JPEG can have many scans. Photographs need a tenth."""

_SAVE: dict[str, dict[str, Any]] = {"JPEG": {"quality": 90}, "PNG": {}, "WEBP": {"quality": 90}}
_JPEG_FORMATS = ("JPEG", "MPO")  # phones append further pictures to a JPEG, which makes it an MPO

# Pillow warns above this limit and refuses above twice the limit; the warning is turned into an error, too.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


@dataclass(frozen=True)
class Picture:
    """A re-encoded image and the SHA-256 (hex) of the uploaded file."""

    data: bytes
    content_type: str
    suffix: str
    original_sha256: str


def reencode(data: bytes, *, into: str | None = None) -> Picture:
    """Return the image in `data` re-encoded: upright, its first frame only, without metadata or appended data.

    Args:
        data: the uploaded file.
        into: the format to write, "JPEG", "PNG" or "WEBP"; None for that of the file.

    Raises:
        UnsupportedImage.
    """
    kind = accepted_type(data)
    target = into or kind
    image = _upright(_decoded(data, kind))
    written = BytesIO()
    _without_metadata(image, alpha=target != "JPEG").save(written, target, **_SAVE[target])
    return Picture(written.getvalue(), f"image/{target.lower()}", target.lower(), hashlib.sha256(data).hexdigest())


def _decoded(data: bytes, kind: str) -> Image.Image:
    try:
        image = Image.open(BytesIO(data), formats=[kind])
        _reject_expensive(image, data)
        mode = mode_in_file(image)
        image.load()
        scale_transparent_colour(image, mode)
    except UnsupportedImage:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnsupportedImage(_TOO_LARGE) from None
    except Exception:  # noqa: BLE001  # any error of a decoder means a damaged file
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


def _reject_expensive(image: Image.Image, data: bytes) -> None:
    pixels = image.width * image.height
    if pixels > MAX_PIXELS:
        raise UnsupportedImage(_TOO_LARGE)
    if image.format in _JPEG_FORMATS and pixels * data.count(b"\xff\xda") > _MAX_SCANNED_PIXELS:
        raise UnsupportedImage(_TOO_SLOW)


def _upright(image: Image.Image) -> Image.Image:
    with suppress(Exception):  # damaged EXIF data is no reason to refuse an image
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _without_metadata(image: Image.Image, *, alpha: bool) -> Image.Image:
    mode = "RGBA" if alpha and image.has_transparency_data else "RGB"
    bare = in_8_bits(image, mode)
    bare.info = {}  # comments and colour profiles would be saved, too
    return bare


class ImageProcessor:
    """Re-encodes images in worker threads.

    Args:
        threads: maximum number of images decoded at the same time.
        queue_size: maximum number of images waiting or being decoded; more are refused.
    """

    def __init__(self, *, threads: int, queue_size: int) -> None:
        self._threads = asyncio.Semaphore(threads)
        self._queue_size = queue_size
        self._pending = 0

    async def reencode(self, data: bytes, *, into: str | None = None) -> Picture:
        """Run `reencode` in a thread and return its result.

        Raises:
            UnsupportedImage.
            TooBusy: the queue is full.
        """
        if self._pending >= self._queue_size:
            raise TooBusy
        self._pending += 1
        try:
            async with self._threads:
                return await asyncio.to_thread(reencode, data, into=into)
        finally:
            self._pending -= 1
