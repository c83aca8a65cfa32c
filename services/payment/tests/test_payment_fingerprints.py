"""What a proof looks like: the same picture is recognised, and receipts of one bank are told from each other."""

from collections.abc import Callable
from itertools import combinations
from random import Random

import pytest
from payment.proofs.fingerprints import (
    NEAR,
    Fingerprint,
    bands_of,
    fingerprint_of,
    hash_of,
    is_retoned,
    is_same_picture,
    near_bands,
    reference_key,
)
from payment.proofs.phash import BITS, LOOKS_LIKE
from PIL import Image, ImageEnhance
from standalone.journey.pictures import payment_proof

from .payment_pictures import encoded, receipt

_MASK = (1 << 64) - 1


def seen(data: bytes) -> Fingerprint:
    found = fingerprint_of(data)
    assert found is not None
    return found


def distance(one: Fingerprint, other: Fingerprint) -> int:
    return ((one.dhash ^ other.dhash) & _MASK).bit_count()


def resized(image: Image.Image, width: int) -> Image.Image:
    return image.resize((width, image.height * width // image.width), Image.Resampling.LANCZOS)


_COPIES: dict[str, Callable[[Image.Image], bytes]] = {
    "png": lambda image: encoded(image, "PNG"),
    "jpeg 90": lambda image: encoded(image, "JPEG", quality=90),
    "jpeg 40": lambda image: encoded(image, "JPEG", quality=40),
    "webp 60": lambda image: encoded(image, "WEBP", quality=60),
    "smaller": lambda image: encoded(resized(image, 720), "JPEG", quality=80),
    "much smaller": lambda image: encoded(resized(image, 480), "JPEG", quality=75),
    "twice": lambda image: encoded(resized(resized(image, 600), 1080), "JPEG", quality=70),
}


@pytest.mark.parametrize("qris", [False, True])
def test_copies_of_a_picture_are_recognised(*, qris: bool) -> None:
    original = receipt("FR5K-00042", "2026112610410712345", qris=qris)
    of = seen(encoded(original, "JPEG", quality=90))
    for name, copy in _COPIES.items():
        copied = seen(copy(original))
        assert distance(of, copied) <= NEAR, name
        assert is_same_picture(of.detail, copied.detail), name


@pytest.mark.parametrize("qris", [False, True])
def test_receipts_of_the_same_bank_and_code_are_told_from_each_other(*, qris: bool) -> None:
    """They look so much alike that their hashes are equal: only what is in them tells."""
    receipts = [
        receipt("FR5K-00042", "2026112610410712345", qris=qris),
        receipt("FR5K-00043", "2026112610410712345", qris=qris),
        receipt("FR5K-00042", "2026112610410712346", qris=qris),
        receipt("FR5K-00042", "2026112610410712345", at="10:41:08", qris=qris),
    ]
    looks = [seen(encoded(each, "JPEG", quality=85)) for each in receipts]
    for one, other in combinations(looks, 2):
        assert distance(one, other) <= NEAR
        assert not is_same_picture(one.detail, other.detail)


def test_proofs_of_the_journey_are_told_from_each_other() -> None:
    looks = [seen(payment_proof(f"FR5K-{number:05d}", "150000.00")) for number in range(40, 60)]
    assert not any(is_same_picture(one.detail, other.detail) for one, other in combinations(looks, 2))


def test_a_plain_picture_has_nothing_to_compare() -> None:
    assert fingerprint_of(encoded(Image.new("RGB", (300, 300), (250, 250, 250)), "PNG")) is None


def test_of_hashes_that_are_near_a_band_is_near() -> None:
    random = Random(1)
    for _ in range(300):
        dhash = random.getrandbits(64)
        flipped = dhash
        for bit in random.sample(range(64), NEAR):
            flipped ^= 1 << bit
        pairs = zip(bands_of(dhash), bands_of(flipped), strict=True)
        assert any(other in near_bands(band) for band, other in pairs)
    assert len(near_bands(0)) == 137


def test_references_are_equal_after_folding_and_thanks_are_none() -> None:
    assert reference_key("Ref: BCA-2026 1126/77") == reference_key("ref bca 2026 1126 77")
    assert reference_key("BCA 20261126") != reference_key("BCA 20261127")
    assert [reference_key(each) for each in (None, "", "lunas, terima kasih", "transfer 5K", "FR5K-00042")] == [
        None,
        None,
        None,
        None,
        reference_key("fr5k 00042"),
    ]


_TONES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.8),
    "paler": lambda image: ImageEnhance.Contrast(image).enhance(0.8),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "smaller and darker": lambda image: ImageEnhance.Brightness(resized(image, 600)).enhance(0.8),
}


@pytest.mark.parametrize("qris", [False, True])
def test_a_picture_in_another_tone_is_recognised_by_hash_and_detail(*, qris: bool) -> None:
    original = receipt("FR5K-00042", "2026112610410712345", qris=qris)
    of = seen(encoded(original, "JPEG", quality=90)).detail
    for name, change in _TONES.items():
        changed = seen(encoded(change(original), "JPEG", quality=60)).detail
        assert (hash_of(of) ^ hash_of(changed)).bit_count() <= LOOKS_LIKE, name
        assert is_retoned(of, changed), name


@pytest.mark.parametrize("qris", [False, True])
def test_receipts_of_the_same_bank_are_no_other_tone_of_each_other(*, qris: bool) -> None:
    receipts = [
        receipt("FR5K-00042", "2026112610410712345", qris=qris),
        receipt("FR5K-00043", "2026112610410712345", qris=qris),
        receipt("FR5K-00042", "2026112610410712346", qris=qris),
        receipt("FR5K-00042", "2026112610410712345", at="10:41:08", qris=qris),
    ]
    looks = [seen(encoded(each, "JPEG", quality=85)).detail for each in receipts]
    assert not any(is_retoned(one, other) for one, other in combinations(looks, 2))


def test_a_hash_has_1024_bits_of_which_half_are_set() -> None:
    value = hash_of(seen(encoded(receipt("FR5K-00042", "2026112610410712345"), "PNG")).detail)
    assert value.bit_length() <= BITS
    assert value.bit_count() == BITS // 2
