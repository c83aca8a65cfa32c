"""The sizes in which a picture is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from registration.catalog.pictures import SHARED, PictureKind

MAX_PIXELS: Final = 25_000_000
"""Of an uploaded picture: A3 at 300 dpi has 17 million. Decoded, so many take 100 MB."""

_TALLEST = 2


@dataclass(frozen=True)
class Size:
    """A stored size.

    Attributes:
        name: of the file in its address.
        width: in pixels, at most; the height is at most twice as much.
        most_bytes: what its quality is lowered for, as far as it may be.
    """

    name: str
    width: int
    most_bytes: int


SIZES: Final[Mapping[PictureKind, Sequence[Size]]] = {
    PictureKind.BANNER: (
        Size("320.webp", 320, 24_000),
        Size("768.webp", 768, 70_000),
        Size("1280.webp", 1280, 115_000),
        Size(SHARED, 1200, 250_000),
    ),
    PictureKind.LOGO: (Size("96.webp", 96, 8_000), Size("192.webp", 192, 20_000)),
}


def fitted(width: int, height: int, size: Size) -> tuple[int, int]:
    """Return the width and height at which a picture fits into a size, never larger than it is."""
    factor = min(1.0, size.width / width, _TALLEST * size.width / height)
    return max(1, round(width * factor)), max(1, round(height * factor))
