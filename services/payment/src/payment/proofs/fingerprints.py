"""Fingerprints of proofs: what finds the same picture, or the same reference of a transfer, again."""

import hashlib
import zlib
from dataclasses import dataclass
from io import BytesIO
from itertools import combinations
from typing import Final

from chassis.canonical.folding import folded_words
from chassis.images import processing
from chassis.images.processing import Picture
from PIL import Image, ImageChops

_GRID: Final = 128
"""Cells per side of the detail."""
_TOLERANCE: Final = 13
"""Maximum difference between cells, of 255, of the same picture.

Measured on screenshots of 1080 x 2340: at most 9 after scaling to 480 and compressing again, at least 19 if one small
digit is another.
"""
_PLAIN: Final = 16
"""A picture whose cells differ by less has nothing to compare."""
_STEP: Final = 2
"""Minimum difference that sets a bit of the hash: noise of compression in plain areas is smaller."""

NEAR: Final = 10
"""Maximum Hamming distance between the hashes of the same picture."""
BANDS: Final = 4
_BAND_BITS: Final = 16
_NEAR_IN_ONE_BAND: Final = NEAR // BANDS

_DIGITS_OF_A_REFERENCE: Final = 6


@dataclass(frozen=True)
class Fingerprint:
    """What a picture looks like.

    Attributes:
        dhash: a difference hash of 64 bits, signed as PostgreSQL's bigint: finds pictures that look alike.
        detail: the brightness of a grid of cells, compressed: tells receipts of the same bank from each other.
    """

    dhash: int
    detail: bytes

    @property
    def bands(self) -> tuple[int, ...]:
        """Return the hash in parts of 16 bits, the highest first."""
        return bands_of(self.dhash)


def inspect(data: bytes) -> tuple[Picture, Fingerprint | None]:
    """Return the uploaded image re-encoded, and its fingerprint. Takes as long as decoding it twice.

    Raises:
        UnsupportedImage.
    """
    picture = processing.reencode(data)
    return picture, fingerprint_of(picture.data)


def fingerprint_of(stored: bytes) -> Fingerprint | None:
    """Return the fingerprint of a stored image; None if it is too plain to be compared."""
    image = Image.open(BytesIO(stored))
    # Neither a box nor decoding at a fraction of the size: both depend on where edges fall, which scaling changes.
    detail = image.convert("L").resize((_GRID, _GRID), Image.Resampling.HAMMING)
    darkest, brightest = detail.getextrema()
    if brightest - darkest < _PLAIN:  # type: ignore[operator]  # of one channel
        return None
    return Fingerprint(_dhash(detail), zlib.compress(detail.tobytes()))


def _dhash(grey: Image.Image) -> int:
    cells = grey.resize((9, 8), Image.Resampling.BOX).tobytes()
    bits = 0
    for row in range(8):
        for column in range(8):
            left, right = cells[9 * row + column], cells[9 * row + column + 1]
            bits = bits << 1 | (left - right > _STEP)
    return bits - (1 << 64) if bits >> 63 else bits


def bands_of(dhash: int) -> tuple[int, ...]:
    """Return a hash in parts of 16 bits, the highest first."""
    return tuple(dhash >> shift & 0xFFFF for shift in range(_BAND_BITS * (BANDS - 1), -1, -_BAND_BITS))


def near_bands(band: int) -> list[int]:
    """Return all values of a band that differ in at most two bits.

    Of two hashes that differ in at most ten bits, one of the four bands does.
    """
    return [band ^ flipped for flipped in _FLIPPED]


_FLIPPED: Final = [
    sum(1 << bit for bit in bits)
    for count in range(_NEAR_IN_ONE_BAND + 1)
    for bits in combinations(range(_BAND_BITS), count)
]


def is_same_picture(one: bytes, other: bytes) -> bool:
    """Return whether two details are of the same picture, perhaps scaled and compressed again."""
    first, second = (Image.frombytes("L", (_GRID, _GRID), zlib.decompress(each)) for each in (one, other))
    _, largest = ImageChops.difference(first, second).getextrema()
    return largest <= _TOLERANCE  # type: ignore[operator]  # of one channel


def reference_key(notes: str | None) -> str | None:
    """Return a key that is equal for notes with the same words; None without a reference, such as "paid, thanks"."""
    letters = "".join(folded_words(notes or ""))
    if sum(map(str.isdigit, letters)) < _DIGITS_OF_A_REFERENCE:
        return None
    return hashlib.sha256(letters.encode()).hexdigest()
