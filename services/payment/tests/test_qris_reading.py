"""QRIS codes are read from pictures as organisers have them."""

import pytest
from chassis.images.errors import UnsupportedImage
from payment.qris.reading import read_picture
from payment.qris.rules import SeveralCodes, WrongChecksum

from . import payment_pictures as pictures
from .payment_qris import STATIC, changed, damaged, pictures_of, png_of

_KINDS = pictures_of(STATIC)


@pytest.mark.parametrize("kind", _KINDS)
def test_a_code_is_read_from_each_kind_of_picture(kind: str) -> None:
    read = read_picture(_KINDS[kind])
    assert read.code is not None
    assert read.code.payload == STATIC
    assert read.picture.content_type == "image/png"


def test_a_name_with_accents_is_read_as_its_checksum_wants_it() -> None:
    text = changed(t59="CAFÉ LARI")
    read = read_picture(png_of(text))
    assert read.code is not None
    assert (read.code.merchant, read.code.problem) == ("CAFÉ LARI", None)


@pytest.mark.parametrize("data", [pictures.jpeg_from_a_phone(), png_of("https://example.com"), png_of("000201")])
def test_a_picture_without_a_qris_code_is_kept_without_one(data: bytes) -> None:
    read = read_picture(data)
    assert read.code is None
    assert read.picture.data.startswith(b"\x89PNG")


def test_a_code_that_stands_twice_in_a_picture_is_one() -> None:
    read = read_picture(png_of(STATIC, STATIC))
    assert read.code is not None
    assert read.code.payload == STATIC


def test_a_picture_with_two_qris_codes_is_refused() -> None:
    with pytest.raises(SeveralCodes):
        read_picture(png_of(STATIC, changed(t59="TOKO LAIN")))


def test_a_damaged_code_is_read_and_known_to_be_damaged() -> None:
    read = read_picture(png_of(damaged()))
    assert read.code is not None
    assert isinstance(read.code.problem, WrongChecksum)


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(UnsupportedImage):
        read_picture(pictures.PDF)
