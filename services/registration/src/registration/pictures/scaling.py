"""Scaling of an uploaded picture to the sizes in which it is stored."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from chassis.images.processing import Picture, read_image
from PIL import Image

from registration.catalog.pictures import PictureKind
from registration.pictures.rules import MAX_PIXELS, SIZES, Size, fitted

_QUALITIES = (82, 74, 66, 58, 50, 42, 34, 26)
_VERSION_DIGITS = 16


@dataclass(frozen=True)
class ScaledFile:
    """A picture in one size."""

    name: str
    width: int
    height: int
    picture: Picture


@dataclass(frozen=True)
class ScaledPicture:
    """A picture in all its sizes. `version` is the same for the same upload."""

    version: str
    files: Sequence[ScaledFile]


def scale(data: bytes, kind: PictureKind) -> ScaledPicture:
    """Return an uploaded picture in all sizes of its kind, without metadata.

    Raises:
        UnsupportedImage.
    """
    image = read_image(data, max_pixels=MAX_PIXELS)
    digest = hashlib.sha256(data).hexdigest()
    return ScaledPicture(digest[:_VERSION_DIGITS], [_file(image, size, digest) for size in SIZES[kind]])


def _file(image: Image.Image, size: Size, digest: str) -> ScaledFile:
    width, height = fitted(image.width, image.height, size)
    scaled = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    kind = "JPEG" if size.name.endswith(".jpg") else "WEBP"
    content = _encoded(_on_white(scaled) if kind == "JPEG" else scaled, kind, size.most_bytes)
    return ScaledFile(size.name, width, height, Picture(content, f"image/{kind.lower()}", kind.lower(), digest))


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _encoded(image: Image.Image, kind: str, most_bytes: int) -> bytes:
    """Return the picture at the best quality that fits, or at the lowest one."""
    options: dict[str, Any] = {"optimize": True, "progressive": True} if kind == "JPEG" else {"method": 4}
    content = b""
    for quality in _QUALITIES:
        written = BytesIO()
        image.save(written, kind, quality=quality, **options)
        content = written.getvalue()
        if len(content) <= most_bytes:
            break
    return content
