"""Validate uploaded images by content, decode them within limits, and re-encode them without metadata."""

import asyncio
import hashlib
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any, TypeVar

from PIL import Image, ImageOps

from chassis.errors import TooBusy
from chassis.images.errors import UnsupportedImage
from chassis.images.file_types import accepted_type
from chassis.images.modes import in_8_bits, mode_in_file, scale_transparent_colour
from chassis.wording import Wording

MAX_PIXELS = 40_000_000

_MAX_SCANNED_PIXELS = 1_000_000_000
"""Maximum of pixels times scans: a small progressive JPEG can have many scans. Photographs need a tenth."""

_SAVE: dict[str, dict[str, Any]] = {"JPEG": {"quality": 90}, "PNG": {}, "WEBP": {"quality": 90}}
T = TypeVar("T")
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
    target = into or accepted_type(data)
    image = read_image(data, alpha=target != "JPEG")
    written = BytesIO()
    image.save(written, target, **_SAVE[target])
    return Picture(written.getvalue(), f"image/{target.lower()}", target.lower(), hashlib.sha256(data).hexdigest())


def read_image(data: bytes, *, alpha: bool = True, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Return the first frame of the image in `data`, upright and without metadata, as RGB, or as RGBA if it needs it.

    Args:
        data: a JPEG, PNG or WebP.
        alpha: whether transparency is kept.
        max_pixels: larger images are refused; at most `MAX_PIXELS`.

    Raises:
        UnsupportedImage.
    """
    image = _upright(_decoded(data, accepted_type(data), max_pixels))
    return _without_metadata(image, alpha=alpha)


def _decoded(data: bytes, kind: str, max_pixels: int) -> Image.Image:
    try:
        image = Image.open(BytesIO(data), formats=[kind])
        _reject_expensive(image, data, max_pixels)
        mode = mode_in_file(image)
        image.load()
        scale_transparent_colour(image, mode)
    except UnsupportedImage:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnsupportedImage(_too_large(max_pixels)) from None
    except Exception:  # noqa: BLE001  # any error of a decoder means a damaged file
        raise UnsupportedImage(_DAMAGED) from None
    return image


_DAMAGED = Wording(
    en="The picture is damaged or incomplete. Save it again as JPEG, PNG or WebP, or send a screenshot.",
    id="Gambarnya rusak atau tidak utuh. Simpan lagi sebagai JPEG, PNG atau WebP, atau kirim tangkapan layar.",
)
_TOO_MANY = Wording(
    en="Too many images are being checked at this moment. Nothing was stored; try again shortly.",
    id="Terlalu banyak gambar sedang diperiksa. Tidak ada yang tersimpan; coba lagi sebentar lagi.",
)
_TOO_SLOW = Wording(
    en="The picture takes too long to decode. Send a screenshot of it.",
    id="Gambar ini terlalu lama diproses. Kirim tangkapan layarnya.",
)


def _too_large(max_pixels: int) -> Wording:
    millions = max_pixels // 1_000_000
    return Wording(
        en=f"The picture has more than {millions} million pixels. Send a smaller one or a screenshot.",
        id=f"Gambar ini lebih dari {millions} juta piksel. Kirim yang lebih kecil atau tangkapan layar.",
    )


def _reject_expensive(image: Image.Image, data: bytes, max_pixels: int) -> None:
    pixels = image.width * image.height
    if pixels > max_pixels:
        raise UnsupportedImage(_too_large(max_pixels))
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
        return await self.run(lambda: reencode(data, into=into))

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` in a thread and return its result.

        Raises:
            TooBusy: the queue is full.
        """
        if self._pending >= self._queue_size:
            raise TooBusy(_TOO_MANY, retry_after=2)
        self._pending += 1
        try:
            async with self._threads:
                return await asyncio.to_thread(work)
        finally:
            self._pending -= 1
