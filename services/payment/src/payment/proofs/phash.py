"""A perceptual hash of 1024 bits: it tells receipts of one bank from each other, which hashes of 64 bits cannot.

Measured on drawn receipts: one that was saved again, smaller or brighter, differs by at most 32 bits. Receipts with the
same QR code on them may differ by as few, so the hash finds candidates, and what is in the pictures decides. It takes
a tenth of a second, so the worker computes it.
"""

from collections.abc import Sequence
from math import cos, pi
from operator import mul
from statistics import median
from typing import Final

SIDE: Final = 128
"""Pixels per side of the grey picture."""
BITS: Final = 1024
LOOKS_LIKE: Final = 32
"""Maximum number of bits in which the hashes of one receipt differ."""

_LOW: Final = 32
"""Frequencies per side that are kept: the lowest, without what compression changes."""
_COSINES: Final = tuple(
    tuple(cos(pi * frequency * (2 * place + 1) / (2 * SIDE)) for place in range(SIDE)) for frequency in range(_LOW)
)


def phash(grey: bytes) -> int:
    """Return the hash of a grey picture of 128 x 128 pixels, row by row: a bit for each frequency above the median."""
    rows = [grey[at : at + SIDE] for at in range(0, SIDE * SIDE, SIDE)]
    across = [_lowest(row) for row in rows]
    frequencies = [value for column in zip(*across, strict=True) for value in _lowest(column)]
    middle = median(frequencies)
    bits = 0
    for value in frequencies:
        bits = bits << 1 | (value > middle)
    return bits


def _lowest(values: Sequence[float]) -> list[float]:
    """Return the lowest frequencies of a row, by a discrete cosine transform without its constant factors."""
    return [sum(map(mul, values, cosines)) for cosines in _COSINES]
