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
from PIL import Image, ImageChops, ImageStat

from payment.proofs.phash import SIDE, phash

GRID: Final = SIDE
"""Cells per side of the detail."""
_TOLERANCE: Final = 13
"""Maximum difference between cells, of 255, of the same picture.

Measured on screenshots of 1080 x 2340: at most 9 after scaling to 480 and compressing again, at least 19 if one small
digit is another.
"""
_TOLERANCE_RETONED: Final = 10
"""As above, after brightness and contrast were evened: at most 9 of the same picture, at least 13 of another digit."""
_EVEN_MEAN: Final = 128
_EVEN_CONTRAST: Final = 48
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
    detail = image.convert("L").resize((GRID, GRID), Image.Resampling.HAMMING)
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
    first, second = (Image.frombytes("L", (GRID, GRID), zlib.decompress(each)) for each in (one, other))
    _, largest = ImageChops.difference(first, second).getextrema()
    return largest <= _TOLERANCE  # type: ignore[operator]  # of one channel


def is_retoned(one: bytes, other: bytes) -> bool:
    """Return whether two details are of the same picture, of which one may be brighter, paler or in other colours."""
    first, second = (_evened(Image.frombytes("L", (GRID, GRID), zlib.decompress(each))) for each in (one, other))
    _, largest = ImageChops.difference(first, second).getextrema()
    return largest <= _TOLERANCE_RETONED  # type: ignore[operator]  # of one channel


def _evened(grey: Image.Image) -> Image.Image:
    """Return a picture with the brightness and the contrast that all are compared in."""
    seen = ImageStat.Stat(grey)
    mean, contrast = seen.mean[0], max(seen.stddev[0], 1.0)
    scale = _EVEN_CONTRAST / contrast
    return grey.point([min(255, max(0, round(_EVEN_MEAN + (value - mean) * scale))) for value in range(256)])


def hash_of(detail: bytes) -> int:
    """Return the perceptual hash of a picture by its detail."""
    return phash(zlib.decompress(detail))


def reference_key(notes: str | None) -> str | None:
    """Return a key that is equal for notes with the same words; None without a reference, such as "paid, thanks"."""
    letters = "".join(folded_words(notes or ""))
    if sum(map(str.isdigit, letters)) < _DIGITS_OF_A_REFERENCE:
        return None
    return hashlib.sha256(letters.encode()).hexdigest()
